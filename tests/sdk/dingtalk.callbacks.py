# A client of DingTalk registers an address at the emulator, reads the events that come, and answers them.
# sdk: dingtalk-sdk[cryptography]@1.3.8
import http.server
import json
import os
import sys
import threading
import time
import urllib.parse
import urllib.request

from dingtalk import AppKeyClient
from dingtalk.client.base import BaseClient
from dingtalk.crypto import DingTalkCrypto

base = sys.argv[1] + "/"
BaseClient.API_BASE_URL = base
TOKEN, KEY = "t0kenTest01", "4g5j64qlyl3zvetqxz5jiocdr586fn2zvjpa8zls3ij"  # a key with spare bits
with open(sys.argv[2], encoding="utf-8") as file:
    org = json.load(file)
crypto = DingTalkCrypto(TOKEN, KEY, org["corpId"])
events = []
answers = []


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        query = urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        event = json.loads(crypto.decrypt_message(body, query["signature"][0], query["timestamp"][0], query["nonce"][0]))
        events.append(event)
        answer = crypto.encrypt_message(answers.pop() if answers else "success")
        data = json.dumps({k: v.decode() if isinstance(v, bytes) else v for k, v in answer.items()}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def control(path, body=None, method=None):
    request = urllib.request.Request(base + "_emulator/" + path, method=method or ("PUT" if body else "GET"),
                                     data=json.dumps(body).encode() if body else None)
    return json.load(urllib.request.urlopen(request))


def idle():
    while not (now := control("callbacks"))["idle"]:
        time.sleep(0.02)
    return now["callbacks"]


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=server.serve_forever, daemon=True).start()
control("behaviour", {"callbackDeadlineMs": 30000, "failedListDelayMs": 0})

client = AppKeyClient("ding0", os.environ["SDK_APP_ID"], os.environ["SDK_APP_SECRET"])
url = "http://127.0.0.1:%d/ding" % server.server_address[1]
tags = ["user_add_org", "user_modify_org", "org_dept_create"]
client.callback.register_call_back(tags, TOKEN, KEY, url)
assert [e["EventType"] for e in events] == ["check_url"], events
found = client.callback.get_call_back()
assert found["url"] == url and found["call_back_tag"] == tags, found

root = next(d["deptId"] for d in org["deptList"] if not d.get("parentId"))
org["deptList"].append({"deptId": "987654", "parentId": root, "name": "新部门"})
org["userList"].append({"memberId": "sdk-new", "nick": "新人", "departments": [{"deptId": "987654"}]})
control("org", org)
assert all(c["state"] == "accepted" for c in idle()), idle()
assert [(e["EventType"], e.get("userId") or e.get("deptId")) for e in events[1:]] == [
    ("org_dept_create", [987654]), ("user_add_org", ["sdk-new"]), ("user_modify_org", ["sdk-new"])], events

# What is not answered with success comes again, and is listed in the end.
answers.extend(["no"] * 3)
org["userList"][-1]["nick"] = "改名"
before = len(events)
control("org", org)
for seconds in (10, 30):
    idle()
    control("clock", {"advanceSeconds": seconds}, "POST")
idle()
assert len(events) == before + 3, events[before:]
failed = client.callback.get_call_back_failed_result()
assert [f["call_back_tag"] for f in failed["failed_list"]] == ["user_modify_org"], failed
client.callback.delete_call_back()
print("%d events read and answered, one of them refused three times and listed" % (len(events) - 3))
