# A client of WeCom, used as a provider uses it: the provider's part for templates, and that of an enterprise's own app with
# the permanent code as its secret.
# sdk: wechatpy[cryptography]@2.0.0a26
import json
import os
import sys
import urllib.request

from wechatpy.exceptions import WeChatClientException
from wechatpy.work import WeChatClient
from wechatpy.work.services import WeChatServiceClient

address, file = sys.argv[1:3]


class Client(WeChatClient):
    API_BASE_URL = address + "/cgi-bin/"

    def fetch_access_token(self):
        return self._fetch_access_token(url=self.API_BASE_URL + "gettoken",
                                        params={"corpid": self.corp_id, "corpsecret": self.secret})


class Provider(WeChatServiceClient):
    API_BASE_URL = address + "/cgi-bin/"

    def fetch_access_token(self):
        return self._fetch_access_token(url=self.API_BASE_URL + "service/get_suite_token",
                                        params={"suite_id": self.suite_id, "suite_secret": self.suite_secret,
                                                "suite_ticket": self.suite_ticket})


def control(path, body=None, method=None):
    request = urllib.request.Request(address + "/_emulator/" + path,
                                     method=method or ("POST" if body is not None else "GET"),
                                     data=None if body is None else json.dumps(body).encode())
    return json.load(urllib.request.urlopen(request))


def refused(code, call, *arguments, **named):
    try:
        call(*arguments, **named)
    except WeChatClientException as error:
        assert error.errcode == code, error
    else:
        raise AssertionError(f"expected {code}")


def listed(client, organisation):
    """Departments and people are those of the file, under ids of the provider's own."""
    depts = {dept["id"]: dept for dept in client.department.list()}
    assert {str(id) for id in depts} == {dept["deptId"] for dept in organisation["deptList"]}
    names = {dept["deptId"]: dept["name"] for dept in organisation["deptList"]}
    assert all(depts[id]["name"] == names[str(id)] for id in depts if id != 1)
    users = client.user.list(1, fetch_child=True)
    assert len({user["userid"] for user in users}) == len(users) == len(organisation["userList"])
    assert all(user["userid"].startswith("wo") and len(user["userid"]) == 32 for user in users)
    assert sorted(user["name"] for user in users) == sorted(member["nick"] for member in organisation["userList"])
    assert client.user.get(users[0]["userid"])["name"] == users[0]["name"]
    return len(depts), len(users)


with open(file, encoding="utf-8") as stream:
    organisation = json.load(stream)
suite_id, corp = os.environ["SDK_SUITE_ID"], organisation["corpId"]


def provider():
    state = control("provider")
    ticket = next(suite["suiteTicket"] for suite in state["suites"] if suite["suiteId"] == suite_id)
    return Provider(os.environ["SDK_CORP_ID"], suite_id, os.environ["SDK_APP_SECRET"], ticket)


enterprises = {each["corpId"]: each for each in control("provider")["enterprises"]}
assert len(enterprises) == 2
first = enterprises[corp]

# What is authorised already, the enterprise named in either form.
for id in (first["corpId"], first["openCorpId"]):
    depts, users = listed(Client(id, first["apps"][0]["permanentCode"]), organisation)
refused(40091, Client(corp, next(each for id, each in enterprises.items() if id != corp)["apps"][0]["permanentCode"]).department.list)

# An authorisation from its beginning.
suite = provider()
refused(40078, suite.auth.get_permanent_code, "wrong")
control("cancel", {"corp": corp})
code = control("authorise", {"corp": corp, "state": "st8"})["authCode"]
authorised = suite.auth.get_permanent_code(code)
assert authorised["state"] == "st8" and authorised["auth_corp_info"]["corpid"] == first["openCorpId"]
agent = authorised["auth_info"]["agent"][0]
assert agent["is_customized_app"] is True and agent["privilege"]["allow_party"] == [1]
client = Client(authorised["auth_corp_info"]["corpid"], authorised["permanent_code"])
assert listed(client, organisation) == (depts, users)
assert client.agent.get(agent["agentid"])["customized_publish_status"] == 2
refused(40078, suite.auth.get_permanent_code, code)
refused(40001, Client(corp, first["apps"][0]["permanentCode"]).department.list)

# Without the permissions there are no names.
control("permissions", {"corp": corp, "permissions": []})
assert all("name" not in dept for dept in client.department.list())
assert all("name" not in user for user in client.user.list(1))
# A template's token that ends is fetched again by who asks anew.
control("faults", {"match": "get_permanent_code", "kind": "expire-token"})
refused(42009, suite.auth.get_permanent_code, "wrong")
refused(40078, provider().auth.get_permanent_code, "wrong")
print(f"{len(enterprises)} enterprises; of one {depts} departments, {users} people")
