//! Waiting within one core: an event that many wait for, and a gate with a number of permits.
//!
//! Neither crosses a core. An event wakes all, a gate gives its permits in order of arrival. A waiter that is dropped
//! leaves nothing behind, however long the event does not happen.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// Something that happens again and again. A waiter that began before [`Event::notify`] is woken by it.
#[derive(Default)]
pub struct Event {
    round: Cell<u64>,
    waiting: RefCell<Places>,
}

/// Those who wait in this round.
#[derive(Default)]
struct Places {
    wakers: Vec<Option<Waker>>,
    /// Places that were left.
    free: Vec<usize>,
}

/// Waits for one [`Event::notify`].
pub struct Wait<'a> {
    event: &'a Event,
    round: u64,
    place: Option<usize>,
}

impl Event {
    /// Wakes all that wait.
    pub fn notify(&self) {
        self.round.set(self.round.get().wrapping_add(1));
        let mut places = self.waiting.take();
        places.wakers.drain(..).flatten().for_each(Waker::wake);
        places.free.clear();
        // The memory serves the next round, unless somebody waits in it already.
        let mut waiting = self.waiting.borrow_mut();
        if waiting.wakers.is_empty() {
            *waiting = places;
        }
    }

    /// Ends at the first [`Event::notify`] after this call (not after the first poll).
    pub fn wait(&self) -> Wait<'_> {
        Wait { event: self, round: self.round.get(), place: None }
    }
}

impl Future for Wait<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.event.round.get() != self.round {
            return Poll::Ready(());
        }
        let mut waiting = self.event.waiting.borrow_mut();
        if let Some(held) = self.place.and_then(|place| waiting.wakers.get_mut(place)) {
            let replaced = held.replace(context.waker().clone());
            drop(waiting);
            drop(replaced);
            return Poll::Pending;
        }
        let waker = Some(context.waker().clone());
        let place = match waiting.free.pop() {
            Some(place) => {
                waiting.wakers[place] = waker;
                place
            }
            None => {
                waiting.wakers.push(waker);
                waiting.wakers.len() - 1
            }
        };
        drop(waiting);
        self.place = Some(place);
        Poll::Pending
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        // The places of a round end with it.
        let Some(place) = self.place.filter(|_| self.event.round.get() == self.round) else { return };
        let mut waiting = self.event.waiting.borrow_mut();
        let waker = waiting.wakers[place].take();
        waiting.free.push(place);
        drop(waiting);
        // It may be the last that holds a task, and that task may wait here too.
        drop(waker);
    }
}

/// A number of permits, given in order of arrival.
pub struct Gate {
    inner: Rc<GateInner>,
}

struct GateInner {
    permits: usize,
    free: Cell<usize>,
    queue: RefCell<VecDeque<Rc<Turn>>>,
}

#[derive(Default)]
struct Turn {
    granted: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

/// One permit of a [`Gate`]; it goes back when dropped.
pub struct Permit {
    gate: Rc<GateInner>,
}

impl Gate {
    /// A gate with `permits`.
    #[must_use]
    pub fn new(permits: usize) -> Gate {
        Gate { inner: Rc::new(GateInner { permits, free: Cell::new(permits), queue: RefCell::default() }) }
    }

    /// Permits that are out.
    #[must_use]
    pub fn entered(&self) -> usize {
        self.inner.permits - self.inner.free.get()
    }

    /// A permit, if one is free and nobody waits.
    #[must_use]
    pub fn try_enter(&self) -> Option<Permit> {
        let free = self.inner.free.get();
        if free == 0 || !self.inner.queue.borrow().is_empty() {
            return None;
        }
        self.inner.free.set(free - 1);
        Some(Permit { gate: Rc::clone(&self.inner) })
    }

    /// A permit, after all who came before.
    pub async fn enter(&self) -> Permit {
        if let Some(permit) = self.try_enter() {
            return permit;
        }
        let turn = Rc::new(Turn::default());
        self.inner.queue.borrow_mut().push_back(Rc::clone(&turn));
        let leave = LeaveQueue { gate: &self.inner, turn: &turn };
        let mut granted = pin!(poll_fn(|context| {
            if turn.granted.get() {
                return Poll::Ready(());
            }
            turn.waker.replace(Some(context.waker().clone()));
            Poll::Pending
        }));
        granted.as_mut().await;
        std::mem::forget(leave);
        Permit { gate: Rc::clone(&self.inner) }
    }
}

/// Takes a dropped waiter out of the queue, or passes its permit on.
struct LeaveQueue<'a> {
    gate: &'a Rc<GateInner>,
    turn: &'a Rc<Turn>,
}

impl Drop for LeaveQueue<'_> {
    fn drop(&mut self) {
        if self.turn.granted.get() {
            drop(Permit { gate: Rc::clone(self.gate) });
        } else {
            self.gate.queue.borrow_mut().retain(|turn| !Rc::ptr_eq(turn, self.turn));
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let next = self.gate.queue.borrow_mut().pop_front();
        match next {
            Some(turn) => {
                turn.granted.set(true);
                if let Some(waker) = turn.waker.take() {
                    waker.wake();
                }
            }
            None => self.gate.free.set(self.gate.free.get() + 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn a_notify_between_call_and_poll_is_not_lost() {
        let event = Event::default();
        let mut wait = pin!(event.wait());
        event.notify();
        assert!(poll(wait.as_mut()).is_ready());
        let mut wait = pin!(event.wait());
        assert!(poll(wait.as_mut()).is_pending());
    }

    /// Every connection of a server waits for its stop, again and again, and that comes once: their wakers, and with
    /// them their tasks, were kept until then, and looked through at every wait.
    #[test]
    fn a_waiter_that_is_dropped_leaves_nothing_behind() {
        let event = Event::default();
        let mut stays = pin!(event.wait());
        assert!(poll(stays.as_mut()).is_pending());
        for _ in 0..1000 {
            let mut leaves = pin!(event.wait());
            assert!(poll(leaves.as_mut()).is_pending() && poll(leaves.as_mut()).is_pending());
        }
        let waiting = event.waiting.borrow();
        let held = waiting.wakers.iter().flatten().count();
        assert_eq!((held, waiting.wakers.len()), (1, 2), "one waits, and one place serves all who left");
        drop(waiting);
        event.notify();
        assert!(poll(stays.as_mut()).is_ready());
    }

    #[test]
    fn a_waiter_of_a_round_that_is_over_takes_no_place_of_the_next() {
        let event = Event::default();
        let mut late = Box::pin(event.wait());
        assert!(poll(late.as_mut()).is_pending());
        event.notify();
        let mut next = pin!(event.wait());
        assert!(poll(next.as_mut()).is_pending());
        drop(late);
        assert_eq!(event.waiting.borrow().wakers.iter().flatten().count(), 1);
    }

    #[test]
    fn permits_go_in_order_and_come_back() {
        let gate = Gate::new(1);
        assert_eq!(gate.entered(), 0);
        let held = gate.try_enter();
        assert!(held.is_some() && gate.try_enter().is_none() && gate.entered() == 1);
        let mut first = Box::pin(gate.enter());
        let mut second = Box::pin(gate.enter());
        assert!(poll(first.as_mut()).is_pending() && poll(second.as_mut()).is_pending());
        drop(held);
        assert!(poll(second.as_mut()).is_pending());
        let Poll::Ready(permit) = poll(first.as_mut()) else { unreachable!("the first in the queue has its turn") };
        drop(permit);
        // The second is granted but never polled again: its permit must not be lost.
        drop(second);
        assert!(gate.try_enter().is_some());
    }
}
