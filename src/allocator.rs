//! Memory: mimalloc, by measurement (6 to 10 % less CPU on pass-through than with the system's allocator), and an end
//! where there is none left.
//!
//! Rust lets code go on after an allocation that failed, by unwinding. No code of a sidecar could; but the compiler must
//! prepare for it, and so builds the future of each request of pingora's on the stack, to copy all ten kilobytes of it.
//! Where an allocation cannot fail, the future is built where it stays. `benches/instructions` has the figures.

#![allow(unsafe_code, reason = "an allocator is; each call is handed to mimalloc as it comes")]

use std::alloc::{GlobalAlloc, Layout};
use std::io::Write as _;

use mimalloc::MiMalloc;

/// mimalloc that never returns null.
pub struct Allocator;

// SAFETY: every call is passed to mimalloc with the arguments it came with, so what its caller promises us is promised
// to mimalloc, and what mimalloc promises is what we promise. The one difference, that null is never returned, is allowed:
// an allocator may abort.
unsafe impl GlobalAlloc for Allocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        or_end(unsafe { MiMalloc.alloc(layout) })
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        or_end(unsafe { MiMalloc.alloc_zeroed(layout) })
    }

    #[inline]
    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { MiMalloc.dealloc(place, layout) }
    }

    #[inline]
    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above.
        or_end(unsafe { MiMalloc.realloc(place, layout, size) })
    }
}

#[inline]
fn or_end(place: *mut u8) -> *mut u8 {
    if place.is_null() {
        end();
    }
    place
}

#[cold]
fn end() -> ! {
    // Writes without allocating. If that fails too, the end says enough.
    let _ = std::io::stderr().write_all(b"standin: out of memory\n");
    std::process::abort()
}
