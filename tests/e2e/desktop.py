"""A desktop of its own for one scenario: display, window manager, session bus, home folder, driver, app.

Everything runs in the process group of the scenario (`run.py` makes it), so that one kill ends all of it.
"""

import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time

from wd import Session, WebDriverError

HERE = pathlib.Path(__file__).resolve().parent
APP_ID = "org.packwright.app"


class Desktop:
    """A display with a window manager and a session bus, and a home folder that nobody else uses."""

    def __init__(self, app, work, dark=False, scale=1):
        self.app = pathlib.Path(app).resolve()
        self.work = work
        self.home = work / "home"
        self._processes = []
        self._session = None
        for name in ["home", "home/.config", "home/.cache", "home/.local/share", "run"]:
            (work / name).mkdir(parents=True, exist_ok=True)
        (work / "run").chmod(0o700)
        self.env = self._environment(dark) | {"GDK_SCALE": str(scale)}
        self.env["DISPLAY"] = self._start_display(scale)
        self.env["DBUS_SESSION_BUS_ADDRESS"] = self._start_bus()
        self.start("openbox")
        self._wait_for_window_manager()
        self.driver_url = self._start_driver()

    def _environment(self, dark):
        keep = ["PATH", "LANG", "LC_ALL", "PACKWRIGHT_PYTHON", "TMPDIR"]
        env = {name: os.environ[name] for name in keep if name in os.environ}
        env |= {
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.home / ".config"),
            "XDG_CACHE_HOME": str(self.home / ".cache"),
            "XDG_DATA_HOME": str(self.home / ".local/share"),
            "XDG_RUNTIME_DIR": str(self.work / "run"),
            "NO_AT_BRIDGE": "1",
            "GTK_USE_PORTAL": "0",
            "GTK_THEME": "Adwaita:dark" if dark else "Adwaita",
            "TAURI_WEBVIEW_AUTOMATION": "true",
        }
        env.setdefault("LANG", "C.UTF-8")
        return env

    def start(self, *command, **more):
        """Starts a program on this desktop."""
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": self._log(command[0])}
        process = subprocess.Popen([str(part) for part in command], env=self.env, **(quiet | more))
        self._processes.append(process)
        return process

    def _log(self, name):
        return open(self.work / f"{pathlib.Path(str(name)).name}.log", "ab")

    def _start_display(self, scale):
        reader, writer = os.pipe()
        screen = ["-screen", "0", f"{1400 * scale}x{1000 * scale}x24", "-nolisten", "tcp", "-displayfd", str(writer)]
        self.start("Xvfb", *screen, pass_fds=[writer])
        os.close(writer)
        with os.fdopen(reader) as pipe:
            number = pipe.readline().strip()
        if not number:
            raise RuntimeError(f"Xvfb did not start: {(self.work / 'Xvfb.log').read_text()}")
        return f":{number}"

    def _start_bus(self):
        bus = self.start("dbus-daemon", "--session", "--nofork", "--print-address=1", stdout=subprocess.PIPE)
        return bus.stdout.readline().decode().strip()

    def _wait_for_window_manager(self):
        until = time.monotonic() + 5
        while time.monotonic() < until:
            if self.run("xdotool", "get_num_desktops").returncode == 0:
                return
            time.sleep(0.05)

    def _start_driver(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.start("WebKitWebDriver", f"--port={port}", "--host=127.0.0.1")
        until = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return f"http://127.0.0.1:{port}"
            except OSError:
                if until < time.monotonic():
                    raise
                time.sleep(0.05)

    def run(self, *command, seconds=20):
        """Runs a program on this desktop to its end."""
        parts = [str(part) for part in command]
        return subprocess.run(parts, env=self.env, capture_output=True, text=True, timeout=seconds, check=False)

    def open_app(self, *args):
        """Starts the app under the driver."""
        self._session = Session(self.driver_url, self.app, args)
        return self._session

    def kill_app(self):
        """Ends the app as a crash does, and frees the driver for the next start."""
        for found in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                is_ours = os.getpgid(int(found.name)) == os.getpgid(0) and (found / "exe").resolve() == self.app
            except OSError:
                continue
            if is_ours:
                os.kill(int(found.name), signal.SIGKILL)
        self.wait_no_window("Packwright")
        try:
            self._session.quit()
        except (WebDriverError, OSError):
            pass
        self._session = None

    def windows(self, title):
        """Ids of shown windows with exactly that title."""
        found = self.run("xdotool", "search", "--onlyvisible", "--name", f"^{title}$")
        return found.stdout.split()

    def wait_window(self, title, seconds=10):
        until = time.monotonic() + seconds
        while True:
            found = self.windows(title)
            if found:
                return found[0]
            if until < time.monotonic():
                raise AssertionError(f"no window {title!r} in {seconds} s")
            time.sleep(0.05)

    def wait_no_window(self, title, seconds=10):
        until = time.monotonic() + seconds
        while self.windows(title):
            if until < time.monotonic():
                raise AssertionError(f"the window {title!r} is still there after {seconds} s")
            time.sleep(0.05)

    def wait_active_other_than(self, title, seconds=10):
        """Waits until the keyboard has left a window, for a question on top of it that has no title."""
        window = self.wait_window(title)
        until = time.monotonic() + seconds
        while self.run("xdotool", "getactivewindow").stdout.strip() in ["", window]:
            if until < time.monotonic():
                raise AssertionError(f"{title!r} still has the keyboard after {seconds} s")
            time.sleep(0.05)

    def keys(self, *keys):
        self.run("xdotool", "key", *keys)

    def focus(self, title):
        """Gives the keyboard to a window."""
        self.run("xdotool", "windowfocus", "--sync", self.wait_window(title))

    def middle(self, window):
        """The middle of a window in coordinates of the screen."""
        lines = self.run("xdotool", "getwindowgeometry", "--shell", window).stdout.split()
        place = dict(line.split("=") for line in lines)
        return int(place["X"]) + int(place["WIDTH"]) // 2, int(place["Y"]) + int(place["HEIGHT"]) // 2

    def type_in_file_dialog(self, title, path, *first_keys):
        """Types a path into a native file dialog and presses Return."""
        window = self.wait_window(title)
        time.sleep(0.3)
        self.run("xdotool", "windowfocus", "--sync", window)
        self.keys(*first_keys, "ctrl+a")
        self.run("xdotool", "type", "--delay", "5", str(path))
        time.sleep(0.3)
        self.keys("Return")

    def answer_file_dialog(self, title, path):
        """Answers a native save dialog, whose name field has the focus."""
        self.type_in_file_dialog(title, path)
        self.wait_no_window(title)

    def pick_in_open_dialog(self, title, path):
        """Answers a native open dialog, whose name field appears on Ctrl+L."""
        self.type_in_file_dialog(title, path, "ctrl+l")
        self.wait_no_window(title)

    def picture(self, path):
        """The whole screen, native dialogs and menus included."""
        self.run("import", "-window", "root", path)

    def close(self):
        """Ends the app politely; whatever stays is killed with the scenario's process group."""
        if self._session is not None:
            try:
                self._session.quit()
            except (WebDriverError, OSError):
                pass
            # The driver must outlive the app for a moment, or the app stays behind.
            time.sleep(0.5)
        for process in reversed(self._processes):
            process.terminate()
        for process in self._processes:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()


def work_folder():
    """A folder for one scenario, removed at its end. Short: names of sockets lie in it."""
    return tempfile.TemporaryDirectory(prefix="packwright-e2e-", ignore_cleanup_errors=True)
