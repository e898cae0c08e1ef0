//! What the control group allows.

use std::fs;
use std::path::{Path, PathBuf};

/// The smallest memory limit of the control groups that this process is in, bytes; `None` where there is none.
pub fn memory_limit() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    smallest(&groups, Path::new("/sys/fs/cgroup"))
}

/// The smallest limit above a process that is in these groups, as `/proc/self/cgroup` lists them.
fn smallest(groups: &str, mount: &Path) -> Option<u64> {
    let lists = groups.lines().filter_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, path) = (parts.next()?, parts.next()?);
        match controllers {
            "" => Some((mount.to_owned(), path, "memory.max")),
            list if list.split(',').any(|name| name == "memory") => {
                Some((mount.join("memory"), path, "memory.limit_in_bytes"))
            }
            _ => None,
        }
    });
    let limits = lists.flat_map(|(mount, path, file)| {
        // A container sees its own group as the root, whatever the list says: all on the way up are asked.
        let inner: PathBuf = mount.join(path.trim_start_matches('/'));
        let above: Vec<PathBuf> =
            inner.ancestors().take_while(|path| path.starts_with(&mount)).map(Into::into).collect();
        above.into_iter().filter_map(move |path| fs::read_to_string(path.join(file)).ok()?.trim().parse::<u64>().ok())
    });
    // Without a limit version 1 names the largest number of pages.
    limits.min().filter(|limit| *limit < 1 << 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_limit_on_the_way_up_counts() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("pod/memory.max", "268435456\n");
        write("pod/app/memory.max", "max\n");
        assert_eq!(smallest("0::/pod/app\n", root.path()), Some(256 << 20));
        assert_eq!(smallest("0::/elsewhere\n", root.path()), None);
        write("memory.max", "1024\n");
        assert_eq!(smallest("0::/not/here\n", root.path()), Some(1024), "a container's own group is the root");
        write("memory/a/memory.limit_in_bytes", "9223372036854771712\n");
        assert_eq!(smallest("9:name=systemd:/\n4:cpu,memory:/a\n", root.path()), None);
        write("memory/a/memory.limit_in_bytes", "4096\n");
        assert_eq!(smallest("9:name=systemd:/\n4:cpu,memory:/a\n", root.path()), Some(4096));
    }
}
