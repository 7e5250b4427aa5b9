# What a provider is told, read by a client of WeCom.
# sdk: wechatpy[cryptography]@2.0.0a26
import http.server
import json
import os
import queue
import sys
import threading
import urllib.parse
import urllib.request

import xmltodict
from wechatpy.work.crypto import WeChatCrypto

address, file = sys.argv[1:3]
token, key = "orgSyncToken01", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
provider, suite = os.environ["SDK_CORP_ID"], os.environ["SDK_SUITE_ID"]
events = queue.Queue()


class Receiver(http.server.BaseHTTPRequestHandler):
    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def parameters(self, *names):
        query = urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query)
        return [query[name][0] for name in names]

    def do_GET(self):
        echo = WeChatCrypto(token, key, provider).check_signature(
            *self.parameters("msg_signature", "timestamp", "nonce", "echostr"))
        self.answer(echo if isinstance(echo, bytes) else echo.encode())

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        whom = xmltodict.parse(body)["xml"]["ToUserName"]  # also what ends the ciphertext, or it is refused
        text = WeChatCrypto(token, key, whom).decrypt_message(
            body, *self.parameters("msg_signature", "timestamp", "nonce"))
        events.put((self.path.split("?")[0], whom, xmltodict.parse(text)["xml"]))
        self.answer(b"success")

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=server.serve_forever, daemon=True).start()
here = f"http://127.0.0.1:{server.server_port}"


def control(path, body=None, method=None):
    request = urllib.request.Request(address + "/_emulator/" + path,
                                     method=method or ("POST" if body is not None else "GET"),
                                     data=None if body is None else json.dumps(body).encode())
    return json.load(urllib.request.urlopen(request))


def next_event(path, whom):
    got = events.get(timeout=60)
    assert got[:2] == (path, whom), got
    return got[2]


with open(file, encoding="utf-8") as stream:
    organisation = json.load(stream)
corp = organisation["corpId"]
opened = next(each["openCorpId"] for each in control("provider")["enterprises"] if each["corpId"] == corp)

control("behaviour", {"subscribeEvents": False}, "PUT")
control("callback", {"url": here + "/suite"})
ticket = control("ticket", {})["suiteTicket"]
event = next_event("/suite", suite)
assert event["InfoType"] == "suite_ticket" and event["SuiteTicket"] == ticket and event["SuiteId"] == suite
control("cancel", {"corp": corp})
event = next_event("/suite", suite)
assert event["InfoType"] == "cancel_auth" and event["AuthCorpId"] == opened
code = control("authorise", {"corp": corp, "state": "corp42"})["authCode"]
event = next_event("/suite", suite)
assert event["InfoType"] == "create_auth" and event["AuthCode"] == code and event["State"] == "corp42"
code = control("reset", {"corp": corp})["authCode"]
event = next_event("/suite", suite)
assert event["InfoType"] == "reset_permanent_code" and event["AuthCode"] == code

control("callback", {"url": here + "/app", "corp": corp})
organisation["userList"][-1]["position"] = "Moved on"
control(f"org?corp={corp}", organisation, "PUT")
event = next_event("/app", opened)
assert event["Event"] == "change_contact" and event["ChangeType"] == "update_user", event
assert event["UserID"].startswith("wo") and event["Position"] == "Moved on"

# By the server's own clock, while nobody asks for anything.
control("ticket", {"everySeconds": 1})
assert next_event("/suite", suite)["SuiteTicket"] != next_event("/suite", suite)["SuiteTicket"]
print("6 events of a template, 1 of an enterprise")
