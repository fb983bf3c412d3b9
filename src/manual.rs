#![doc = include_str!("../docs/manual.md")]
#![doc = ""]
#![doc = include_str!("../docs/manual/login.svg")]

#[doc = include_str!("../docs/manual/whats-yours.md")]
pub mod whats_yours {}

#[doc = include_str!("../docs/manual/words.md")]
#[doc = ""]
#[doc = include_str!("../docs/manual/states.svg")]
pub mod words {}

#[doc = include_str!("../docs/manual/rules.md")]
pub mod rules {}

#[doc = include_str!("../docs/manual/threats.md")]
pub mod threats {}

#[doc = include_str!("../docs/manual/attacks.md")]
pub mod attacks {}

#[doc = include_str!("../docs/manual/helping-users.md")]
pub mod helping_users {}

#[doc = include_str!("../docs/manual/moving-in.md")]
pub mod moving_in {}

#[doc = include_str!("../docs/manual/defaults.md")]
pub mod defaults {}

#[doc = include_str!("../docs/manual/own-store.md")]
pub mod own_store {}

#[doc = include_str!("../docs/manual/sqlite.md")]
pub mod sqlite {}

#[doc = include_str!("../docs/manual/postgres.md")]
pub mod postgres {}

#[doc = include_str!("../docs/manual/failover.md")]
pub mod failover {}

#[doc = include_str!("../docs/manual/etcd.md")]
pub mod etcd {}

#[doc = include_str!("../docs/manual/keys.md")]
pub mod keys {}

#[doc = include_str!("../docs/manual/operations.md")]
pub mod operations {}

#[doc = include_str!("../docs/manual/limits.md")]
pub mod limits {}
