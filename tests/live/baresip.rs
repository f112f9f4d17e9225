//! baresip: a second telephone that nobody here wrote, driven by its TCP control.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::peers::linphone_address;
use crate::place::{self, wait_for};

pub struct Baresip {
    child: Child,
    dir: TempDir,
    control: u16,
}

impl Baresip {
    /// It registers at once, answers by itself and says a tone.
    pub fn register(account: &str, password: &str, server: &str, tone_hz: u32) -> Baresip {
        let dir = tempfile::Builder::new()
            .prefix("baresip-")
            .tempdir()
            .unwrap();
        let (sip, rtp, control) = (place::port(), place::port(), place::port());
        let address = linphone_address();
        std::fs::write(
            dir.path().join("config"),
            format!(
                "sip_listen {address}:{sip}\nrtp_ports {rtp}-{}\naudio_source ausine,{tone_hz}\naudio_player aubridge,nobody\n\
                 audio_alert aubridge,nobody\nausrc_srate 8000\nausrc_channels 1\n\
                 module_path /usr/lib/baresip/modules\nmodule g711.so\nmodule ausine.so\nmodule aubridge.so\n\
                 module_app account.so\nmodule_app menu.so\nmodule_app ctrl_tcp.so\nctrl_tcp_listen 127.0.0.1:{control}\n",
                rtp + 3
            ),
        )
        .unwrap();
        std::fs::write(
            dir.path().join("accounts"),
            format!(
                "<sip:{account}@{server};transport=udp>;auth_user={account};auth_pass={password};regint=600;answermode=auto;audio_codecs=PCMA\n"
            ),
        )
        .unwrap();
        let out = std::fs::File::create(dir.path().join("out")).unwrap();
        let child = Command::new("baresip")
            .args(["-v", "-s", "-f"])
            .arg(dir.path())
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

    /// One command; its answer.
    pub fn tell(&self, command: &str) -> String {
        let mut stream = wait_for("baresip's control", Duration::from_secs(15), || {
            TcpStream::connect(("127.0.0.1", self.control)).ok()
        });
        let text = format!("{{\"command\":\"{command}\",\"token\":\"told\"}}");
        write!(stream, "{}:{text},", text.len()).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_millis(200)))
            .unwrap();
        let (mut heard, until) = (Vec::new(), Instant::now() + Duration::from_secs(10));
        while Instant::now() < until {
            let mut bytes = [0; 4096];
            if let Ok(length) = stream.read(&mut bytes) {
                heard.extend(&bytes[..length]);
            }
            let text = String::from_utf8_lossy(&heard).into_owned();
            // Its events come by the same way.
            if text.contains("\"told\"") {
                return text;
            }
        }
        panic!("baresip did not answer {command}: {}", self.output());
    }

    pub fn output(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("out")).unwrap_or_default()
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
