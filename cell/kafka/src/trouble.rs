//! What went wrong with the brokers, in words that say where, what was tried and what to check.

use std::time::Duration;

use base_fault::{Code, Fault};
use rdkafka::{error::KafkaError, types::RDKafkaErrorCode};

/// How soon what failed may be tried again.
const AFTER: Duration = Duration::from_millis(500);

/// A fault of the brokers, or of the way to them.
pub(crate) fn trouble(places: &str, tried: &str, error: KafkaError) -> Fault {
    let check = error.rdkafka_error_code().map_or("", what_to_check);
    let text = format!("Kafka at {places}: {tried} failed{check}");
    Fault::downstream(Code::Unavailable, AFTER, text).because(error)
}

/// What an operator looks at first.
pub(crate) fn what_to_check(code: RDKafkaErrorCode) -> &'static str {
    match code {
        RDKafkaErrorCode::BrokerTransportFailure
        | RDKafkaErrorCode::AllBrokersDown
        | RDKafkaErrorCode::MessageTimedOut
        | RDKafkaErrorCode::OperationTimedOut
        | RDKafkaErrorCode::RequestTimedOut => {
            "; check that the brokers run, that their advertised addresses can be reached from here and that no firewall is between"
        }
        RDKafkaErrorCode::UnknownTopic
        | RDKafkaErrorCode::UnknownTopicOrPartition
        | RDKafkaErrorCode::UnknownPartition => {
            "; check whether somebody has deleted the topic: this process makes it when it starts"
        }
        RDKafkaErrorCode::NotEnoughReplicas
        | RDKafkaErrorCode::NotEnoughReplicasAfterAppend
        | RDKafkaErrorCode::LeaderNotAvailable => {
            "; check how many brokers live: fewer than `min.insync.replicas` have the topic"
        }
        RDKafkaErrorCode::TopicAuthorizationFailed
        | RDKafkaErrorCode::GroupAuthorizationFailed
        | RDKafkaErrorCode::ClusterAuthorizationFailed => {
            "; check the access rules of the brokers: whoever comes from here may not"
        }
        RDKafkaErrorCode::FencedInstanceId => {
            "; another process of this cell has the same `pod`: give each its own"
        }
        _ => "",
    }
}
