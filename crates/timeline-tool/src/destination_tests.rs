//! What stands at the path before is what stands there after, unless it is a file.

use std::io::Read;
use std::os::unix::fs::{FileTypeExt, symlink};
use std::process::Command;
use std::thread;

use tempfile::TempDir;

use super::*;

fn temporary_folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn write(path: &Path, text: &str) -> Result<(), ToolError> {
    let destination = Destination::open(path)?;
    let failed = |error| ToolError::File { what: "test".into(), error };
    destination.writer().and_then(|mut writer| writer.write_all(text.as_bytes())).map_err(failed)?;
    destination.complete().map_err(failed)
}

fn names(folder: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(folder.path()).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_file_appears_when_it_is_complete() {
    let folder = temporary_folder();
    let path = folder.path().join("out");
    for text in ["first", "second"] {
        let destination = Destination::open(&path).unwrap();
        assert!(!destination.is_stream());
        let before = fs::read_to_string(&path).ok();
        destination.writer().unwrap().write_all(text.as_bytes()).unwrap();
        assert_eq!(fs::read_to_string(&path).ok(), before, "nothing is there yet, or the old file");
        destination.complete().unwrap();
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), names(&folder)), (text, vec!["out".into()]));
    }
    // Given up halfway, nothing is left.
    drop(Destination::open(&folder.path().join("other")).unwrap());
    assert_eq!(names(&folder), ["out"]);
}

#[test]
fn a_pipe_is_written_through_and_stays_a_pipe() {
    let folder = temporary_folder();
    let path = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    let link = folder.path().join("link");
    symlink(&path, &link).unwrap();
    for written in [&path, &link] {
        let reader = thread::spawn({
            let path = path.clone();
            move || fs::read_to_string(path).unwrap()
        });
        write(written, "through").unwrap();
        assert_eq!(reader.join().unwrap(), "through");
    }
    assert!(fs::symlink_metadata(&path).unwrap().file_type().is_fifo());
    assert!(fs::symlink_metadata(&link).unwrap().file_type().is_symlink());
    assert_eq!(names(&folder), ["link", "pipe"]);
}

#[test]
fn a_link_to_a_device_stays_one() {
    let folder = temporary_folder();
    let link = folder.path().join("link");
    symlink("/dev/null", &link).unwrap();
    assert!(Destination::open(&link).unwrap().is_stream());
    write(&link, "gone").unwrap();
    assert_eq!(fs::read_link(&link).unwrap(), Path::new("/dev/null"));
    assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
    // A device that takes nothing says so.
    let full = folder.path().join("full");
    symlink("/dev/full", &full).unwrap();
    assert!(
        matches!(write(&full, "x"), Err(ToolError::File { error, .. }) if error.kind() == ErrorKind::StorageFull)
    );
    assert_eq!(names(&folder), ["full", "link"]);
}

#[test]
fn a_link_to_a_file_stays_and_the_file_is_replaced() {
    let folder = temporary_folder();
    fs::create_dir(folder.path().join("below")).unwrap();
    let (file, link) = (folder.path().join("below/file"), folder.path().join("link"));
    fs::write(&file, "old").unwrap();
    symlink("below/file", &link).unwrap();
    write(&link, "new").unwrap();
    assert_eq!(fs::read_link(&link).unwrap(), Path::new("below/file"));
    assert_eq!(fs::read_to_string(&file).unwrap(), "new");
}

#[test]
fn folders_and_links_to_nothing_are_refused_and_stay() {
    let folder = temporary_folder();
    let link = folder.path().join("link");
    symlink("nowhere", &link).unwrap();
    let refused = |path: &Path| match write(path, "x").unwrap_err() {
        ToolError::Destination { reason, .. } => reason,
        other => panic!("{other}"),
    };
    assert!(refused(&link).contains("link to nothing"));
    assert!(refused(folder.path()).contains("folder"));
    assert_eq!(fs::read_link(&link).unwrap(), Path::new("nowhere"));
    assert_eq!(names(&folder), ["link"]);
}

#[test]
fn standard_output_has_several_names() {
    for name in STANDARD_OUTPUT {
        let destination = Destination::open(Path::new(name)).unwrap();
        assert!(matches!(destination, Destination::Standard) && destination.is_stream(), "{name}");
    }
}

#[test]
fn an_open_file_is_added_to() {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"before, ").unwrap();
    let path = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&file));
    write(Path::new(&path), "after").unwrap();
    io::Seek::rewind(&mut file).unwrap();
    let mut text = String::new();
    file.read_to_string(&mut text).unwrap();
    assert_eq!(text, "before, after");
}
