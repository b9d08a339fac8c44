//! The contract's comments, by file and place.

use std::collections::HashMap;

use prost_reflect::DescriptorPool;

/// Leading comments of everything in the contract.
pub(super) struct Comments(HashMap<(String, Vec<i32>), String>);

impl Comments {
    pub(super) fn read(pool: &DescriptorPool) -> Self {
        let mut comments = HashMap::new();
        for file in pool.files() {
            let source = file.file_descriptor_proto().source_code_info.as_ref();
            for location in source.into_iter().flat_map(|source| &source.location) {
                if let Some(text) = &location.leading_comments {
                    let lines: Vec<_> = text.lines().map(str::trim).collect();
                    let text = lines.join("\n").trim().to_owned();
                    comments.insert((file.name().to_owned(), location.path.clone()), text);
                }
            }
        }
        Self(comments)
    }

    /// The comment above what `path` names in `file`; empty if there is none.
    pub(super) fn of(&self, file: &str, path: &[i32]) -> &str {
        let found = self.0.get(&(file.to_owned(), path.to_vec()));
        found.map_or("", String::as_str)
    }
}
