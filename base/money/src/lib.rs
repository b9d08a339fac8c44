//! Money in minor units of a currency: checked arithmetic, one rounding rule, exact splits.
