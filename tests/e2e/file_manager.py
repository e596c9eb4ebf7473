"""A file manager on the session bus that only says what it is asked to show: one URI a line."""

import gi

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

INTERFACE = """
<node><interface name="org.freedesktop.FileManager1">
  <method name="ShowItems"><arg type="as" direction="in"/><arg type="s" direction="in"/></method>
</interface></node>
"""


def called(_connection, _sender, _path, _interface, _method, arguments, invocation):
    for uri in arguments.unpack()[0]:
        print(uri, flush=True)
    invocation.return_value(None)


def on_bus(connection, _name):
    [interface] = Gio.DBusNodeInfo.new_for_xml(INTERFACE).interfaces
    connection.register_object("/org/freedesktop/FileManager1", interface, called, None, None)


Gio.bus_own_name(
    Gio.BusType.SESSION,
    "org.freedesktop.FileManager1",
    Gio.BusNameOwnerFlags.NONE,
    on_bus,
    lambda *_: print("ready", flush=True),
    None,
)
GLib.MainLoop().run()
