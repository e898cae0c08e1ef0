//! Memory: mimalloc, by measurement (6 to 10 % less CPU on pass-through than with the system's allocator), and an end
//! where there is none left.
//!
//! Rust lets code go on after an allocation that failed, by unwinding. No code of a sidecar could; but the compiler must
//! prepare for it, and so builds the future of each request of pingora's on the stack, to copy all ten kilobytes of it.
//! Where an allocation cannot fail, the future is built where it stays. `benches/instructions` has the figures.

#![allow(unsafe_code, reason = "an allocator is; each call is handed to mimalloc as it comes")]

use std::alloc::{GlobalAlloc, Layout};
use std::io::Write as _;

use libmimalloc_sys::{
    mi_free, mi_malloc, mi_malloc_aligned, mi_realloc, mi_realloc_aligned, mi_zalloc, mi_zalloc_aligned,
};

/// mimalloc that never returns null.
pub struct Allocator;

/// Whether every block of this size is aligned so: mimalloc aligns a block of at least 16 bytes to 16, and a smaller one
/// to 8 (its `MI_MAX_ALIGN_SIZE`, and its smallest block). Asking for it by name takes a longer way.
#[inline]
fn is_natural(size: usize, align: usize) -> bool {
    align <= 16 && align <= size
}

// SAFETY: every call is passed to mimalloc with the size and alignment it came with, or without the alignment where every
// block of that size has it; `dealloc` and `realloc` get only what these functions returned, which is what mimalloc asks
// of its callers. Null is never returned, which is allowed: an allocator may abort.
unsafe impl GlobalAlloc for Allocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let (size, align) = (layout.size(), layout.align());
        // SAFETY: as above.
        or_end(unsafe { if is_natural(size, align) { mi_malloc(size) } else { mi_malloc_aligned(size, align) } }.cast())
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let (size, align) = (layout.size(), layout.align());
        // SAFETY: as above.
        or_end(unsafe { if is_natural(size, align) { mi_zalloc(size) } else { mi_zalloc_aligned(size, align) } }.cast())
    }

    #[inline]
    unsafe fn dealloc(&self, place: *mut u8, _: Layout) {
        // SAFETY: as above.
        unsafe { mi_free(place.cast()) }
    }

    #[inline]
    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let (align, place) = (layout.align(), place.cast());
        // SAFETY: as above.
        let moved = unsafe {
            if is_natural(size, align) { mi_realloc(place, size) } else { mi_realloc_aligned(place, size, align) }
        };
        or_end(moved.cast())
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
