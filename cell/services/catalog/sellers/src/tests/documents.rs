//! Documents: they are submitted when they are kept, and as what is kept.

use base_papers::{Document, KeptDocument, NotKept, Paper};

use super::{atlas, submitted, text};
use crate::{Command, Facts, Refusal};

const SHA256: &str = "5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e";

fn document() -> Document {
    Document {
        blob: text(&format!("vendors/atlas/documents/{SHA256}")),
        sha256: text(SHA256),
        media_type: text("application/pdf"),
        size: 84_213.try_into().unwrap(),
    }
}

fn kept(size: u64, is: Option<&str>) -> Facts {
    let kept = KeptDocument { size, media_type: is.map(str::to_owned) };
    Facts { kept: Some(kept), ..Facts::default() }
}

#[test]
fn a_document_is_submitted_as_what_is_kept() {
    let paper = Paper::Identity(document());
    let submit = Command::SubmitPaper(paper.clone());
    let as_said = kept(84_213, Some("application/pdf"));
    let told = atlas().when_knowing(&submit, &as_said).then([submitted(&paper)]);
    // Whoever asks again has it already, whatever became of the bytes.
    told.when_knowing(&submit, &Facts::default()).then_nothing();
}

#[test]
fn what_is_not_kept_or_is_something_else_is_refused() {
    for paper in [Paper::Identity(document()), Paper::Premises(document())] {
        let submit = Command::SubmitPaper(paper);
        let missing = Refusal::Document(NotKept::Missing(document().blob));
        atlas().when_knowing(&submit, &Facts::default()).refused(&missing);
        for (size, is) in
            [(84_212, Some("application/pdf")), (84_213, Some("image/png")), (84_213, None)]
        {
            let facts = kept(size, is);
            let (said, kept) = (document(), facts.kept.clone().unwrap());
            let differs = Refusal::Document(NotKept::Differs { said, kept });
            atlas().when_knowing(&submit, &facts).refused(&differs);
        }
    }
}
