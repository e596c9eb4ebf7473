"""A window from which files can be dragged: `dnd_source.py PATH...`. Stands in for a file manager."""

import pathlib
import sys

import gi

gi.require_version("Gdk", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import Gdk, Gtk  # noqa: E402


def give_uris(_widget, _context, data, _info, _time):
    data.set_uris([pathlib.Path(path).as_uri() for path in sys.argv[1:]])


window = Gtk.Window(title="Drag source")
window.set_default_size(200, 120)
window.connect("destroy", Gtk.main_quit)
box = Gtk.EventBox()
box.add(Gtk.Label(label="drag from here"))
box.drag_source_set(Gdk.ModifierType.BUTTON1_MASK, [], Gdk.DragAction.COPY)
box.drag_source_add_uri_targets()
box.connect("drag-data-get", give_uris)
window.add(box)
window.connect("map-event", lambda *_: print("mapped", flush=True))
window.show_all()
Gtk.main()
