# A client of the historic contacts API, pointed at the emulator by its class attribute API_BASE_URL.
# sdk: dingtalk-sdk[cryptography]@1.3.8
import json
import os
import sys
import urllib.request

from dingtalk import AppKeyClient
from dingtalk.client.base import BaseClient
from dingtalk.core.exceptions import DingTalkClientException

base = sys.argv[1] + "/"
BaseClient.API_BASE_URL = base


def control(path, body=None):
    request = urllib.request.Request(base + "_emulator/" + path, method="PUT" if body else "GET",
                                     data=json.dumps(body).encode() if body else None)
    return json.load(urllib.request.urlopen(request))


client = AppKeyClient("ding0", os.environ["SDK_APP_ID"], os.environ["SDK_APP_SECRET"])
try:
    client.department.list(fetch_child=True)
    raise AssertionError("a new app has no right to this")
except DingTalkClientException as error:
    assert error.errcode == 60011, error

permissions = control("behaviour")["permissions"]
control("behaviour", {"permissions": permissions + ["historic_contacts"]})
organisation = control("org")
depts = {str(dept["id"]): dept for dept in client.department.list(fetch_child=True)}
assert set(depts) == {dept["deptId"] for dept in organisation["deptList"] if dept.get("parentId")}
people = {}
for dept in ["1"] + list(depts):
    offset = 0
    more = True
    while more:
        page = client.user.list(dept, offset=offset, size=100)
        for user in page["userlist"]:
            people.setdefault(user["userid"], user)
        more = page["hasMore"]
        offset += 100
assert set(people) == {member["memberId"] for member in organisation["userList"]}
for member in organisation["userList"]:
    assert people[member["memberId"]]["name"] == member["nick"]
one = client.user.get(organisation["userList"][0]["memberId"])
assert one["unionid"] == people[one["userid"]]["unionid"]
code = control("code?memberId=" + one["userid"])["code"]
assert client.user.getuserinfo(code)["userid"] == one["userid"]

# A token that ends is fetched again by the client.
urllib.request.urlopen(urllib.request.Request(base + "_emulator/faults", method="POST",
                                              data=b'{"match":"/user/get?","kind":"expire-token"}'))
assert client.user.get(one["userid"])["name"] == one["name"]
print(f"historic: {len(depts)} departments, {len(people)} people")
