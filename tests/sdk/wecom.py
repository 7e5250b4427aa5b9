# A client of WeCom, pointed at the emulator by its class attribute API_BASE_URL.
# sdk: wechatpy[cryptography]@2.0.0a26
import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request

from wechatpy.exceptions import WeChatClientException
from wechatpy.work import WeChatClient

address, file = sys.argv[1:3]


class Client(WeChatClient):
    API_BASE_URL = address + "/cgi-bin/"

    def fetch_access_token(self):
        return self._fetch_access_token(url=self.API_BASE_URL + "gettoken",
                                        params={"corpid": self.corp_id, "corpsecret": self.secret})


def control(path, body=None, method=None):
    request = urllib.request.Request(address + "/_emulator/" + path,
                                     method=method or ("PUT" if body is not None else "GET"),
                                     data=None if body is None else json.dumps(body).encode())
    return json.load(urllib.request.urlopen(request))


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def logged_in(url):
    """The code that the redirect brings."""
    try:
        urllib.request.build_opener(NoRedirect).open(url)
    except urllib.error.HTTPError as error:
        query = urllib.parse.urlparse(error.headers["Location"]).query
        return urllib.parse.parse_qs(query)["code"][0]
    raise AssertionError("no redirect")


def refused(code, call, *arguments, **named):
    try:
        call(*arguments, **named)
    except WeChatClientException as error:
        assert error.errcode == code, error
    else:
        raise AssertionError(f"expected {code}")


with open(file, encoding="utf-8") as stream:
    organisation = json.load(stream)
corp, agent = os.environ["SDK_CORP_ID"], int(os.environ["SDK_AGENT_ID"])
client = Client(corp, os.environ["SDK_APP_SECRET"])
sync = Client(corp, os.environ["SDK_CONTACT_SECRET"])

depts = {dept["id"]: dept for dept in client.department.list()}
assert {str(id) for id in depts} == {dept["deptId"] for dept in organisation["deptList"]}
for dept in organisation["deptList"]:
    assert str(depts[int(dept["deptId"])]["parentid"]) == (dept["parentId"] or "0")
    one = client.department.get(int(dept["deptId"])) if dept["deptId"] in ("1", "2") else None
    assert one is None or one["department_leader"] == depts[int(dept["deptId"])]["department_leader"]
assert len(client.department.simple_list(2)) >= 1

members = {member["memberId"]: member for member in organisation["userList"]}
recursive = client.user.list(1, fetch_child=True)
assert {user["userid"] for user in recursive} == set(members) and len(recursive) == len(members)
walked = {}
for dept in depts:
    for user in client.user.list(dept):
        walked[user["userid"]] = user
assert walked == {user["userid"]: user for user in recursive}
for user in recursive:
    member = members[user["userid"]]
    assert user["name"] == member["nick"] and "mobile" not in user
    assert user["department"] == [int(place["deptId"]) for place in member["departments"]] or [1]
    assert len(user["department"]) == len(user["order"]) == len(user["is_leader_in_dept"])
some = organisation["userList"][0]["memberId"]
assert client.user.get(some)["userid"] == some
refused(60111, client.user.get, "nobody")
refused(60003, client.user.list, 4294967295)

tags = {tag["tagname"]: tag["tagid"] for tag in client.tag.list()}
for role in organisation["roleList"]:
    got = client.tag.get_users(tags[role["name"]])
    assert {user["userid"] for user in got["userlist"]} == {
        pair["memberId"] for pair in organisation["roleMemberSet"] if pair["roleId"] == role["roleId"]}
assert client.agent.get(agent)["allow_partys"]["partyid"] == [1]

# The contact secret from a new address.
refused(48009, sync.department.list)
refused(48009, sync.user.list, 1)
assert len(sync.department.simple_list()) == len(depts)

# Logging in; the client asks by the older path or the newer one, as it likes.
control("behaviour", {"loginMemberId": some})
url = client.oauth.authorize_url("https://app.example.com/back", "1").split("/connect/", 1)[1]
user = client.oauth.get_user_info(logged_in(f"{address}/connect/{url.split('#')[0]}"))
assert some in (user.get("userid"), user.get("UserId")), user
openid = client.user.convert_to_openid(some)["openid"]
assert client.user.convert_to_user_id(openid) == some

# A token that ends is fetched again by the client.
control("faults", {"match": "/user/get?", "kind": "expire-token"}, "POST")
assert client.user.get(some)["userid"] == some
print(f"{len(depts)} departments, {len(members)} people, {len(tags)} tags")
