//! Something that takes long to open, is opened once by whoever needs it first,
//! is shared from then on, and is opened anew when it is given up.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OnceCell;

/// Holds what is used now, open or still to be opened (`get_or_try_init`).
///
/// Its lock is held only to clone a pointer or to replace it: nothing there can
/// panic, and if a holder did, the pointer would be whole.
pub(crate) struct Renewable<T>(Mutex<Arc<OnceCell<T>>>);

impl<T> Default for Renewable<T> {
    fn default() -> Self {
        Self(Mutex::new(Arc::new(OnceCell::new())))
    }
}

impl<T> Renewable<T> {
    /// What is used now.
    pub(crate) fn current(&self) -> Arc<OnceCell<T>> {
        Arc::clone(&self.lock())
    }

    /// What is used from now on, which isn't `old`. Of many who give the same
    /// one up, the first replaces it, and the others get what is there then.
    pub(crate) fn instead_of(&self, old: &Arc<OnceCell<T>>) -> Arc<OnceCell<T>> {
        let mut current = self.lock();
        if Arc::ptr_eq(&current, old) {
            *current = Arc::new(OnceCell::new());
        }
        Arc::clone(&current)
    }

    fn lock(&self) -> MutexGuard<'_, Arc<OnceCell<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_many_give_up_is_replaced_once() {
        let renewable = Renewable::<u8>::default();
        let old = renewable.current();
        let new = renewable.instead_of(&old);
        assert!(!Arc::ptr_eq(&old, &new));
        assert!(Arc::ptr_eq(&new, &renewable.instead_of(&old)));
        assert!(Arc::ptr_eq(&new, &renewable.current()));
    }

    #[test]
    fn a_holder_that_panics_spoils_nothing() {
        let renewable = Renewable::<u8>::default();
        let before = renewable.current();
        std::thread::scope(|scope| {
            let holder = scope.spawn(|| {
                let _held = renewable.lock();
                panic!("on purpose");
            });
            assert!(holder.join().is_err());
        });
        assert!(renewable.0.is_poisoned());
        assert!(Arc::ptr_eq(&before, &renewable.current()));
    }
}
