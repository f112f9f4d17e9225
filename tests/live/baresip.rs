//! baresip as the telephone of a desk: its library knows MD5 alone, and stops at a challenge that names another.

use std::io::Write as _;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::calls::SOON;
use crate::gateway::Fault;
use crate::place::{self, sleep_until, wait_for};
use crate::registrations::{add, dial, house, wait_registered};
use crate::server::{House, Setup, timeline};
use crate::tone::{self, Span};
use crate::wav::Stereo;

const DESK: f64 = 840.0;
/// How long it may take to register on a busy machine.
const REGISTERED: Duration = Duration::from_secs(30);

/// A baresip that answers whatever rings, and says a tone.
struct Baresip {
    child: Child,
    dir: TempDir,
    /// Where it takes commands.
    control: u16,
}

impl Baresip {
    fn register(house: &House, account: &str, password: &str) -> Baresip {
        let dir = tempfile::Builder::new()
            .prefix("baresip-")
            .tempdir()
            .unwrap();
        let speech = dir.path().join("speech.wav");
        tone::write_wav(&speech, &tone::sine(DESK, 10_000, 30_000.0));
        let (sip, control, rtp) = (place::port(), place::port(), place::port());
        let config = format!(
            "module_path /usr/lib/baresip/modules\nmodule g711.so\nmodule aufile.so\nmodule aubridge.so\n\
             module_tmp account.so\nmodule_app menu.so\nmodule_app ctrl_tcp.so\nctrl_tcp_listen 127.0.0.1:{control}\n\
             sip_listen 127.0.0.1:{sip}\nnet_interface 127.0.0.1\naudio_source aufile,{speech}\naudio_player aubridge,none\n\
             audio_alert aubridge,none\nrtp_ports {rtp}-{last}\n",
            speech = speech.display(),
            last = rtp + 1,
        );
        std::fs::write(dir.path().join("config"), config).unwrap();
        let server = house.sip_address();
        let account = format!(
            "<sip:{account}@{server};transport=udp>;auth_user={account};auth_pass={password};regint=600;\
             audio_codecs=PCMA/8000/1;answermode=auto\n"
        );
        std::fs::write(dir.path().join("accounts"), account).unwrap();
        let out = std::fs::File::create(dir.path().join("out")).unwrap();
        let child = Command::new("baresip")
            .args(["-4", "-s", "-v", "-f"])
            .arg(dir.path())
            .env("HOME", dir.path())
            .stdin(Stdio::null())
            .stdout(out.try_clone().unwrap())
            .stderr(out)
            .spawn()
            .expect("baresip: the package baresip-core");
        Baresip {
            child,
            dir,
            control,
        }
    }

    fn output(&self) -> String {
        let path: PathBuf = self.dir.path().join("out");
        let octets = std::fs::read(path).unwrap_or_default();
        String::from_utf8_lossy(&octets).into_owned()
    }

    /// A command by its TCP socket: JSON as a netstring.
    fn command(&self, word: &str) {
        let json = format!("{{\"command\":\"{word}\"}}");
        let mut stream = TcpStream::connect(("127.0.0.1", self.control)).unwrap();
        write!(stream, "{}:{json},", json.len()).unwrap();
        wait_for("baresip's answer", REGISTERED, || {
            let mut answer = [0; 1];
            stream.peek(&mut answer).ok().filter(|read| *read > 0)
        });
    }
}

impl Drop for Baresip {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("-- baresip\n{}", self.output());
        }
    }
}

#[test]
fn baresip_stops_at_sha_256() {
    let house = house(Setup::default());
    let password = add(&house, "8001");
    let server = house.start();
    let phone = Baresip::register(&house, "8001", &password);
    wait_for("its refusal of the challenge", REGISTERED, || {
        (house.metric("gradeline_registrations_total", "outcome=\"challenged\"") >= 1.0
            && phone.output().contains("Function not implemented"))
        .then_some(())
    });
    assert_eq!(house.metric("gradeline_desks_registered", ""), 0.0);
    server.stop();
}

#[test]
fn baresip_registers_where_md5_alone_is_asked_for_and_is_rung() {
    let house = house(Setup {
        desk_lines: "md5_networks = [\"127.0.0.1/32\"]".into(),
        ..Setup::default()
    });
    let password = add(&house, "8001");
    let server = house.start();
    let phone = Baresip::register(&house, "8001", &password);
    wait_registered(&house, 1.0);
    let caller = dial(&house);
    let joined = caller.line("joined");
    // P04 is said into the first two of them.
    sleep_until(joined + Duration::from_secs(5));
    phone.command("hangup");
    caller.wait_offer(SOON);
    caller.gateway.press('5', Fault::None);
    let call = caller.end();
    let what = timeline(&call);
    assert_eq!(call["grade"], "very_dissatisfied", "{what}");
    let recording = Stereo::read(&house.recording(&call));
    let spans = tone::spans(&recording.right, DESK, 8000.0).into_iter();
    let heard: f64 = spans.map(Span::length_ms).sum();
    assert!(heard > 1000.0, "{heard} ms of the desk: {what}");
    caller.settled();
    server.stop();
}
