//! A "no" as bytes: kept under an idempotency key, or passed from cell to cell.

use std::time::Duration;

use base_fault::{Code, Fault, FieldViolation, Retry, Source, Status};
use cell_kernel::{No, Problem};
use serde::{Deserialize, Serialize};

use crate::commit::json;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kept {
    Refused { code: String, status: Status, text: String, problems: Vec<Problem> },
    Fault { code: String, text: String, fields: Vec<FieldViolation>, retry_ms: Option<u64> },
}

/// Writes a "no".
pub fn write_no(no: &No) -> Vec<u8> {
    let kept = match no {
        No::Refused { code, status, text, problems } => Kept::Refused {
            code: code.clone(),
            status: *status,
            text: text.clone(),
            problems: problems.clone(),
        },
        No::Fault(fault) => Kept::Fault {
            code: fault.code().as_str().to_owned(),
            text: fault.context().to_owned(),
            fields: fault.fields().to_vec(),
            retry_ms: match fault.retry() {
                Retry::Never => None,
                Retry::Same => Some(0),
                Retry::After(wait) => Some(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)),
            },
        },
    };
    json(&kept)
}

/// Reads what [`write_no`] has written.
pub fn read_no(bytes: &[u8]) -> Result<No, Fault> {
    let unreadable =
        |error| Fault::ours(Code::StoreBroken, "a kept answer cannot be read").because(error);
    Ok(match serde_json::from_slice(bytes).map_err(unreadable)? {
        Kept::Refused { code, status, text, problems } => {
            No::Refused { code, status, text, problems }
        }
        Kept::Fault { code, text, fields, retry_ms } => {
            let code = Code::ALL
                .iter()
                .copied()
                .find(|known| known.as_str() == code)
                .unwrap_or(Code::Internal);
            let retry = match retry_ms {
                None => Retry::Never,
                Some(0) => Retry::Same,
                Some(millis) => Retry::After(Duration::from_millis(millis)),
            };
            let source = if retry == Retry::Never { Source::Caller } else { Source::Downstream };
            No::Fault(
                fields.into_iter().fold(Fault::new(code, source, retry, text), Fault::with_field),
            )
        }
    })
}

#[cfg(test)]
mod tests {
    use base_fault::Fault;
    use cell_kernel::No;

    use super::{read_no, write_no};

    #[test]
    fn a_fault_comes_back_with_its_code_fields_and_retry() {
        let fault = Fault::invalid_field("quantity", "must be at least 1");
        let No::Fault(back) = read_no(&write_no(&No::Fault(fault.clone()))).unwrap() else {
            panic!("a fault")
        };
        assert_eq!(
            (back.code(), back.fields(), back.retry()),
            (fault.code(), fault.fields(), fault.retry())
        );
    }
}
