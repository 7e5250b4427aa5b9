# Feishu's official SDK for Python, pointed at the emulator by its option `domain`.
# sdk: lark-oapi@1.3.5
import json
import os
import sys
import urllib.request

import lark_oapi as lark
from lark_oapi.api.contact.v3 import ChildrenDepartmentRequest, FindByDepartmentUserRequest, GetUserRequest

address, file = sys.argv[1:]
app_id, app_secret = os.environ["SDK_APP_ID"], os.environ["SDK_APP_SECRET"]
with open(file, encoding="utf-8") as text:
    org = json.load(text)


def client(app, secret, own_token=True):
    made = lark.Client.builder().app_id(app).app_secret(secret).domain(address).log_level(lark.LogLevel.CRITICAL)
    return made.enable_set_token(not own_token).build()


def ask(path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address + path, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def require(fine, what):
    if not fine:
        sys.exit(what)


def pages(call, builder):
    """Items of all pages."""
    token = ""
    while True:
        request = builder(token).build()
        answer = call(request)
        require(answer.success(), f"code {answer.code}: {answer.msg}")
        yield from answer.data.items or []
        if not answer.data.has_more:
            return
        token = answer.data.page_token


def with_token(builder, token):
    return builder.page_token(token) if token else builder


# What the organisation file says. Its root department is the platform's "0".
root = next(d["deptId"] for d in org["deptList"] if not d["parentId"])
ident = lambda dept: "0" if dept == root else dept
departments = sorted((d["deptId"], ident(d["parentId"]), d["name"]) for d in org["deptList"] if d["deptId"] != root)
members = sorted((ident(d["deptId"]), u["memberId"], u["nick"]) for u in org["userList"] for d in u["departments"])

# The same through the SDK, page by page; it gets its token itself.
require(ask("/_emulator/stats")["tokensIssued"] == 0, "a token before the first call")
sdk = client(app_id, app_secret).contact.v3
seen = [
    (d.department_id, d.parent_department_id, d.name)
    for d in pages(
        sdk.department.children,
        lambda token: with_token(
            ChildrenDepartmentRequest.builder()
            .department_id("0")
            .department_id_type("department_id")
            .user_id_type("user_id")
            .fetch_child(True)
            .page_size(50),
            token,
        ),
    )
]
require(sorted(seen) == departments, "other departments than in the organisation file")
found = []
for dept in ["0"] + [d[0] for d in seen]:
    found += [
        (dept, u.user_id, u.name)
        for u in pages(
            sdk.user.find_by_department,
            lambda token: with_token(
                FindByDepartmentUserRequest.builder()
                .department_id(dept)
                .department_id_type("department_id")
                .user_id_type("user_id")
                .page_size(50),
                token,
            ),
        )
    ]
require(sorted(found) == members, "other members than in the organisation file")
require(ask("/_emulator/stats")["tokensIssued"] == 1, "not one token for all")

# A token of the emulator is accepted from the SDK, another one is refused.
credentials = {"app_id": app_id, "app_secret": app_secret}
token = ask("/open-apis/auth/v3/tenant_access_token/internal", credentials)["tenant_access_token"]
first = org["userList"][0]
get = GetUserRequest.builder().user_id(first["memberId"]).user_id_type("user_id").build()


def get_with(value):
    option = lark.RequestOption.builder().tenant_access_token(value).build()
    return client("cli_other", "none", own_token=False).contact.v3.user.get(get, option)


answer = get_with(token)
require(answer.success() and answer.data.user.name == first["nick"], "the emulator's token is not accepted")
require(get_with("t-none").code == 99991663, "a token that is none is not refused")

print(f"{len(seen)} departments, {len(found)} memberships, as in the organisation file")
