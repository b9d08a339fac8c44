//! What may befall a call on its way: nothing in service; in tests, what a network and a machine can do to it.

use std::fmt;

/// What is asked of etcd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// Keys are read.
    Read,
    /// A transaction.
    Write,
    /// A watch begins.
    Watch,
    /// A lease is granted or given back.
    Lease,
    /// A lease is kept.
    KeepAlive,
    /// What is old is forgotten.
    Compact,
}

impl Call {
    /// As errors say it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Read => "a read",
            Self::Write => "a change",
            Self::Watch => "a watch",
            Self::Lease => "a lease",
            Self::KeepAlive => "keeping the lease",
            Self::Compact => "compacting",
        }
    }
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// It never reaches etcd.
    Reset,
    /// It is done, and the answer is lost.
    AnswerLost,
    /// It is done, and the answer does not come in time.
    TimedOut,
}

/// Decides what befalls each call.
pub trait Weather: Send + Sync + fmt::Debug {
    /// Before a call is sent.
    fn before(&self, call: Call) -> Option<Mishap>;
    /// After it is done, before its answer is seen.
    fn after(&self, _: Call) {}
}

/// Nothing befalls anything.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fair;

impl Weather for Fair {
    fn before(&self, _: Call) -> Option<Mishap> {
        None
    }
}
