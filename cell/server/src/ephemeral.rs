//! What the processes of the cell share for a while: in Redis, or in the memory of the only one.

use std::sync::Arc;

use base_telemetry::Metrics;
use cell_redis::{Activity, Redis};
use cell_runtime::ephemeral::{Ephemeral, Local};

use crate::{activity, config::Config, start::StartError};

/// Opens what is configured.
pub(crate) async fn open(
    config: &Config,
    metrics: &Metrics,
) -> Result<Arc<dyn Ephemeral>, StartError> {
    let Some(settings) = &config.redis else { return Ok(Arc::new(Local::default())) };
    let redis = Arc::new(Redis::open(settings, &config.name).await?);
    let counted = Arc::clone(&redis);
    activity::register(metrics, move || {
        let Activity { answered, alone } = counted.activity();
        vec![
            ("cell_redis_answered", "Calls that Redis answered", answered),
            ("cell_redis_alone", "Calls that this process answered without Redis", alone),
        ]
    });
    Ok(redis)
}
