//! The generated messages of this service's contract.

pub use souk_proto::souk::inventory::v1::{
    AdjustStockRequest, AvailabilityChanged, BookStock, CommitOutcome, CommitReservation,
    ExtendReservation, GetStockRequest, ListMovementsRequest, ListMovementsResponse,
    ListStockRequest, ListStockResponse, LocationLevel, Movement, ReceiveStockRequest,
    ReleaseReservation, ReservationDue, ReserveLine, ReserveStock, ShipReservation, Shortage,
    StockLevel, StockRefused, StockReserved, availability_changed, movement,
};
