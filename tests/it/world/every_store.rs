//! Stories that are told over every store that is compiled in.

/// Runs stories over every store, each in a fresh world.
macro_rules! over_every_store {
    ($($(#[doc = $doc:literal])* async fn $name:ident($world:ident: World $(,)?) $body:block)*) => {
        $($(#[doc = $doc])* async fn $name($world: $crate::world::World) $body)*

        mod in_memory {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::world::World::in_memory()).await;
            })*
        }

        #[cfg(feature = "sqlite")]
        mod in_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::world::World::in_sqlite().await).await;
            })*
        }

        #[cfg(feature = "etcd")]
        mod in_etcd {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                if let Some(world) = $crate::world::World::in_etcd() {
                    super::$name(world).await;
                }
            })*
        }

        #[cfg(feature = "postgres")]
        mod in_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                if let Some(world) = $crate::world::World::in_postgres().await {
                    super::$name(world).await;
                }
            })*
        }
    };
}
pub(crate) use over_every_store;
