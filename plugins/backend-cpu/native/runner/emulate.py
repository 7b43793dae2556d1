#!/usr/bin/env python3
"""Runs a command under Linux on a processor that is not there: an Intel Sapphire Rapids (AVX-512 BF16, AMX), emulated by Bochs.

    emulate.py --bochs BOCHS --kernel vmlinuz [--files PATH ...] [--processor sapphire_rapids] -- build/release/attune-runner ../../../../fixtures/ops

The program, its shared libraries and the named files or folders lie in the machine under the paths that they have here; its console is printed, and its
exit status is ours. BOCHS is a built source folder (native/README.md says which, and what has to be mended in it); from Debian come a kernel
(linux-image-cloud-amd64 is small), isolinux, genisoimage, busybox-static and seabios. Speed: some 100 million simple instructions per second.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile

BIOS = "/usr/share/seabios/bios.bin"
VGA = "/usr/share/seabios/vgabios-stdvga.bin"
ISOLINUX = "/usr/lib/ISOLINUX/isolinux.bin"
LDLINUX = "/usr/lib/syslinux/modules/bios/ldlinux.c32"
BUSYBOX = "/bin/busybox"

INIT = """#!{busybox} sh
{busybox} mount -t proc proc /proc; {busybox} mount -t sysfs sys /sys; {busybox} mount -t devtmpfs dev /dev
cd {folder} && {environment} {command} < /dev/null
{busybox} echo "exit status: $?"
{busybox} sleep 2
{busybox} poweroff -f
"""

LOADER = """DEFAULT linux
LABEL linux
 KERNEL /vmlinuz
 INITRD /initrd
 APPEND console=ttyS0 quiet mitigations=off nokaslr tsc=reliable no_timer_check random.trust_cpu=on panic=1 idle=halt
"""

MACHINE = """cpu: model={processor}, count=1, ips=40000000, exclude_features="cet,uintr,pks,pku,la57,waitpkg"
memory: guest={memory}, host={memory}
romimage: file={bios}
vgaromimage: file={vga}
pci: enabled=1, chipset=i440fx
vga: extension=vbe, update_freq=1
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=cdrom, path={disc}, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev={console}
display_library: nogui
log: {log}
panic: action=fatal
clock: sync=none
"""


def libraries(program):
    """The shared libraries of a program or an addon, and its loader; none where it is linked statically."""
    told = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
    return re.findall(r"(/\S+) \(0x", told)


class InitialFiles:
    """The root file system of the machine, in the `newc` form of cpio."""

    def __init__(self, file):
        self.file, self.count, self.there = file, 0, set()
        for folder in ("/proc", "/sys", "/dev", "/tmp"):
            self.folder(folder)

    def entry(self, path, mode, content=b""):
        if path in self.there:
            return
        self.there.add(path)
        self.count += 1
        name = path.lstrip("/").encode() + b"\0"
        head = b"070701" + b"".join(b"%08x" % n for n in (self.count, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name), 0)) + name
        for part in (head, content):
            self.file.write(part + b"\0" * (-len(part) % 4))

    def folder(self, path):
        if path not in ("", "/"):
            self.folder(os.path.dirname(path))
            self.entry(path, 0o040755)

    def add(self, path):
        """A file or folder under its own path; links are followed."""
        path = os.path.abspath(path)
        if os.path.isdir(path):
            self.folder(path)
            for name in sorted(os.listdir(path)):
                self.add(os.path.join(path, name))
            return
        self.folder(os.path.dirname(path))
        with open(path, "rb") as file:
            self.entry(path, 0o100755, file.read())
        if path.endswith(".node"):
            for library in libraries(path):
                self.add(library)

    def end(self):
        self.entry("TRAILER!!!", 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bochs", required=True, help="built source folder of Bochs")
    parser.add_argument("--kernel", required=True, help="a Linux kernel, 5.16 or later")
    parser.add_argument("--files", nargs="*", default=[], help="files and folders that the command reads")
    parser.add_argument("--processor", default="sapphire_rapids", help="a model that `bochs --help cpu` lists")
    parser.add_argument("--memory", type=int, default=1024, help="MB")
    parser.add_argument("--limit", type=int, default=3600, help="seconds")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    lacking = [path for path in (BIOS, VGA, ISOLINUX, LDLINUX, BUSYBOX, options.kernel, f"{options.bochs}/bochs", *options.files) if not os.path.exists(path)]
    if lacking:
        sys.exit(f"not there: {', '.join(lacking)}")

    program = os.path.abspath(options.command[0])
    with tempfile.TemporaryDirectory() as folder:
        disc, console = f"{folder}/disc.iso", f"{folder}/console"
        os.makedirs(f"{folder}/cd/isolinux")
        script = INIT.format(
            busybox=BUSYBOX,
            folder=os.getcwd(),
            environment=" ".join(f"{name}='{value}'" for name, value in os.environ.items() if name.startswith("ATTUNE_")),
            command=" ".join(f"'{word}'" for word in (program, *options.command[1:])),
        )
        with open(f"{folder}/cd/initrd", "wb") as file:
            files = InitialFiles(file)
            files.folder(os.getcwd())
            files.entry("/init", 0o100755, script.encode())
            for path in (BUSYBOX, program, *libraries(program), *options.files):
                files.add(path)
            files.end()
        for name, path in {"vmlinuz": options.kernel, "isolinux/isolinux.bin": ISOLINUX, "isolinux/ldlinux.c32": LDLINUX}.items():
            with open(path, "rb") as source, open(f"{folder}/cd/{name}", "wb") as copy:
                copy.write(source.read())
        with open(f"{folder}/cd/isolinux/isolinux.cfg", "w") as file:
            file.write(LOADER)
        boot = ["-b", "isolinux/isolinux.bin", "-c", "isolinux/boot.cat", "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table"]
        subprocess.run(["genisoimage", "-quiet", "-o", disc, *boot, "-R", f"{folder}/cd"], check=True)
        machine = dict(processor=options.processor, memory=options.memory, bios=BIOS, vga=VGA, disc=disc, console=console, log=f"{folder}/log")
        with open(f"{folder}/machine", "w") as file:
            file.write(MACHINE.format(**machine))
        run = [f"{options.bochs}/bochs", "-q", "-f", f"{folder}/machine"]
        try:
            subprocess.run(run, env={**os.environ, "BXSHARE": options.bochs}, stdin=subprocess.DEVNULL, capture_output=True, timeout=options.limit, check=False)
        except subprocess.TimeoutExpired:
            print(f"stopped after {options.limit} s")
        text = ""
        if os.path.exists(console):
            with open(console, errors="replace") as file:
                text = file.read()
    print(text)
    status = re.search(r"exit status: (\d+)", text)
    sys.exit(int(status.group(1)) if status else 1)


if __name__ == "__main__":
    main()
