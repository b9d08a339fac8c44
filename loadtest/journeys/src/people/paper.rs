//! A paper as a vendor has it: a PDF of one page that any reader opens, and where it is sent.

use std::fmt::Write as _;

use bytes::Bytes;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use crate::http::{As, Ask};

/// What it is, as HTTP has it.
pub const PDF: &str = "application/pdf";

/// A paper.
#[derive(Clone, Debug)]
pub struct Paper {
    /// The file.
    pub bytes: Bytes,
}

impl Paper {
    /// A page that says this, with a scan of so many bytes behind it.
    pub fn that_says(text: &str, scan: usize) -> Self {
        let escaped = text.replace('\\', "\\\\").replace('(', "\\(").replace(')', "\\)");
        let page = format!("BT /F1 18 Tf 72 770 Td ({escaped}) Tj ET");
        let page = format!("<< /Length {} >>\nstream\n{page}\nendstream", page.len());
        let scan = format!("<< /Length {scan} >>\nstream\n{}\nendstream", "s".repeat(scan));
        let objects = [
            "<< /Type /Catalog /Pages 2 0 R >>",
            "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
            &page,
            "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
            &scan,
        ];
        let mut file = "%PDF-1.4\n".to_owned();
        let mut places = "0000000000 65535 f \n".to_owned();
        for (number, object) in (1..).zip(objects) {
            let _ = writeln!(places, "{:010} 00000 n ", file.len());
            let _ = writeln!(file, "{number} 0 obj\n{object}\nendobj");
        }
        let (at, count) = (file.len(), objects.len() + 1);
        let _ = write!(
            file,
            "xref\n0 {count}\n{places}trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n{at}\n%%EOF\n"
        );
        Self { bytes: file.into() }
    }

    /// What it hashes to, in 64 hexadecimal digits.
    pub fn sha256(&self) -> String {
        hex::encode(digest(&SHA256, &self.bytes))
    }

    /// Where a vendor sends it, without what comes before all paths.
    pub fn place(&self, vendor: &str) -> String {
        format!("{vendor}/documents/{}", self.sha256())
    }

    /// The request that sends it.
    pub fn sent(&self, vendor: &str, by: &As) -> Ask {
        let path = format!("/v1/{}", self.place(vendor));
        Ask::of(http::Method::PUT, path).bytes(PDF, self.bytes.clone()).by(by)
    }

    /// What the platform answers when it has it, and a submission names.
    pub fn kept(&self, vendor: &str) -> Value {
        json!({
            "blob": self.place(vendor), "sha256": self.sha256(), "mediaType": PDF,
            "sizeBytes": self.bytes.len().to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Paper;

    #[test]
    fn every_object_is_where_the_table_says() {
        let paper = Paper::that_says("identity of (atlas)", 100);
        let file = std::str::from_utf8(&paper.bytes).unwrap();
        let (_, at) = file.split_once("startxref\n").unwrap();
        let table = &file[at.lines().next().unwrap().parse::<usize>().unwrap()..];
        assert!(table.starts_with("xref\n0 7\n"));
        for (number, entry) in (1..).zip(table.lines().skip(3).take(6)) {
            let at: usize = entry[..10].parse().unwrap();
            assert!(file[at..].starts_with(&format!("{number} 0 obj\n")), "{entry}");
        }
    }
}
