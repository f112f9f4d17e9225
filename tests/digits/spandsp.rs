//! A second reader of keys in sound, which nobody here wrote: spandsp (Debian's `libspandsp2`), opened
//! where it is installed. Its figures stand beside ours; no test depends on them.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::sync::OnceLock;

use gradeline::keypad::Digit;

type Init = unsafe extern "C" fn(*mut c_void, *mut c_void, *mut c_void) -> *mut c_void;
type Receive = unsafe extern "C" fn(*mut c_void, *const i16, c_int) -> c_int;
type Get = unsafe extern "C" fn(*mut c_void, *mut c_char, c_int) -> usize;
type Free = unsafe extern "C" fn(*mut c_void) -> c_int;

#[derive(Clone, Copy)]
pub struct Spandsp {
    init: Init,
    receive: Receive,
    get: Get,
    free: Free,
}

/// Digits that it holds until they are fetched.
const HELD: usize = 128;

impl Spandsp {
    pub fn open() -> Option<Spandsp> {
        static LOADED: OnceLock<Option<Spandsp>> = OnceLock::new();
        *LOADED.get_or_init(load)
    }

    /// The digits in 8 kHz sound.
    pub fn digits(&self, sound: &[i16]) -> Vec<Digit> {
        let mut digits = Vec::new();
        // SAFETY: the functions are those of spandsp/dtmf.h; a state made by `dtmf_rx_init` is used by this
        // thread alone and freed once, and `out` is one longer than what is asked for.
        unsafe {
            let nothing = std::ptr::null_mut();
            let state = (self.init)(nothing, nothing, nothing);
            assert!(!state.is_null(), "spandsp has no memory");
            for chunk in sound.chunks(8000) {
                let length = c_int::try_from(chunk.len()).expect("a second");
                (self.receive)(state, chunk.as_ptr(), length);
                let mut out = [0 as c_char; HELD + 1];
                let count = (self.get)(state, out.as_mut_ptr(), HELD as c_int);
                let keys = &out[..count.min(HELD)];
                digits.extend(
                    keys.iter()
                        .filter_map(|key| Digit::from_char(*key as u8 as char)),
                );
            }
            (self.free)(state);
        }
        digits
    }
}

fn load() -> Option<Spandsp> {
    // SAFETY: the library is opened once and never closed; the symbols have the types of spandsp/dtmf.h.
    unsafe {
        let library = libc::dlopen(c"libspandsp.so.2".as_ptr(), libc::RTLD_NOW);
        if library.is_null() {
            return None;
        }
        let symbol = |name: &CStr| {
            let found = libc::dlsym(library, name.as_ptr());
            (!found.is_null()).then_some(found)
        };
        Some(Spandsp {
            init: std::mem::transmute::<*mut c_void, Init>(symbol(c"dtmf_rx_init")?),
            receive: std::mem::transmute::<*mut c_void, Receive>(symbol(c"dtmf_rx")?),
            get: std::mem::transmute::<*mut c_void, Get>(symbol(c"dtmf_rx_get")?),
            free: std::mem::transmute::<*mut c_void, Free>(symbol(c"dtmf_rx_free")?),
        })
    }
}

/// It hears what we send, so its figures mean something.
#[test]
fn the_other_reader_hears_clean_keys() {
    let Some(spandsp) = Spandsp::open() else {
        println!("libspandsp2 is not installed; its figures are left out");
        return;
    };
    let tone = crate::sound::Tone {
        length_ms: 100,
        ..Default::default()
    };
    let mut sound = Vec::new();
    for digit in Digit::ALL {
        sound.extend(tone.samples(digit.event()));
        sound.resize(sound.len() + 800, 0);
    }
    assert_eq!(spandsp.digits(&sound), Digit::ALL);
}
