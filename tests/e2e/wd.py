"""A WebDriver client: just what the scenarios need, from the standard library."""

import base64
import json
import time
import urllib.error
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
# Keys that are no characters, as WebDriver writes them.
ENTER, ESCAPE = "\ue007", "\ue00c"


class WebDriverError(Exception):
    """What the driver answered instead of a value."""


class NotSeen(AssertionError):
    """Something that should have appeared did not."""


class Session:
    """One run of the app under the driver."""

    def __init__(self, base_url, binary, args, connect_seconds=30):
        self._base_url = base_url
        options = {"webkitgtk:browserOptions": {"binary": str(binary), "args": [str(arg) for arg in args]}}
        answer = self._send("POST", "/session", {"capabilities": {"alwaysMatch": options}}, connect_seconds)
        self._path = f"/session/{answer['sessionId']}"

    def _send(self, method, path, body=None, seconds=30):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._base_url + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=seconds) as response:
                return json.load(response)["value"]
        except urllib.error.HTTPError as error:
            value = json.load(error)["value"]
            raise WebDriverError(f"{value['error']}: {value['message']}") from None

    def post(self, path, body):
        return self._send("POST", self._path + path, body)

    def get(self, path):
        return self._send("GET", self._path + path)

    def quit(self):
        self._send("DELETE", self._path)

    def script(self, code, *args):
        """Runs JavaScript in the page; `arguments` are `args`."""
        return self.post("/execute/sync", {"script": code, "args": list(args)})

    def find(self, selector):
        """The first element that the CSS selector finds, or None."""
        try:
            return self.post("/element", {"using": "css selector", "value": selector})[ELEMENT]
        except WebDriverError as error:
            if "no such element" in str(error):
                return None
            raise

    def named(self, role, name):
        """The first element with that role and accessible name (a part of it is enough), or None."""
        found = self.script(NAMED, role, name)
        return found[ELEMENT] if found else None

    def click(self, element):
        self.post(f"/element/{element}/click", {})

    def type(self, element, text):
        self.post(f"/element/{element}/value", {"text": text})

    def text(self):
        """All text that the page shows, fields included."""
        return self.script(PAGE_TEXT)

    def screenshot(self, path):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.get("/screenshot")))

    def wait_painted(self):
        """Waits until the page has drawn what it is now, twice: the first frame may have been under way."""
        self.post("/execute/async", {"script": TWO_FRAMES, "args": []})

    def wait(self, look, what, seconds=10):
        """What `look` gives as soon as it is truthy."""
        until = time.monotonic() + seconds
        while True:
            found = look()
            if found:
                return found
            if until < time.monotonic():
                raise NotSeen(f"not seen in {seconds} s: {what}. The page says: {self.text()[:1500]!r}")
            time.sleep(0.03)

    def wait_text(self, text, seconds=10):
        self.wait(lambda: text in self.text(), f"the text {text!r}", seconds)

    def wait_find(self, selector, seconds=10):
        return self.wait(lambda: self.find(selector), selector, seconds)

    def wait_named(self, role, name, seconds=10):
        return self.wait(lambda: self.named(role, name), f"{role} {name!r}", seconds)

    def click_named(self, role, name, seconds=10):
        """Clicks it when it is there, nothing lies over it and it has come to rest."""

        def clicked():
            element = self.named(role, name)
            if element is None:
                return False
            try:
                self.click(element)
            except WebDriverError as error:
                # The last: the page behind a sheet is inert until the sheet is gone.
                if any(word in str(error) for word in ("intercepted", "stale", "not interactable")):
                    return False
                raise
            return True

        self.wait(clicked, f"{role} {name!r}, free to be clicked", seconds)


# Roles and names as far as our own pages need them; shown elements only.
NAMED = """
const [role, name] = arguments;
const selectors = {
    button: 'button, [role=button]', link: 'a[href]', menuitem: '[role=menuitem]', dialog: 'dialog, [role=dialog]',
    heading: 'h1, h2, h3', textbox: 'input, textarea', alert: '[role=alert]', table: 'table', status: '[role=status]',
    navigation: 'nav', tab: '[role=tab]', combobox: 'select, [role=combobox]',
    treegrid: '[role=treegrid]', radio: 'input[type=radio]',
};
const labelled = (element) => (element.getAttribute('aria-labelledby') ?? '').split(' ')
    .map((id) => document.getElementById(id)?.textContent ?? '').join(' ').trim();
const nameOf = (element) => (labelled(element) || element.getAttribute('aria-label')
    || element.labels?.[0]?.textContent || element.textContent || element.title || element.placeholder || '').replace(/\\s+/g, ' ').trim();
const fits = (element) => element.getClientRects().length > 0 && nameOf(element).includes(name);
const found = [...document.querySelectorAll(selectors[role])].filter(fits);
return found.find((element) => nameOf(element) === name) ?? found[0] ?? null;
"""

TWO_FRAMES = """
const done = arguments[0];
requestAnimationFrame(() => requestAnimationFrame(() => done()));
"""

PAGE_TEXT = """
const fields = [...document.querySelectorAll('input, textarea, select')].map((field) => field.value);
return [document.body.innerText, ...fields].join('\\n').replace(/\\u00a0|\\u202f/g, ' ');
"""
