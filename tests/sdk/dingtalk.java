// DingTalk's official SDK for Java (the oapi family), given the emulator's address with each call: a whole organisation,
// record by record against the file.
// sdk: com.aliyun:alibaba-dingtalk-service-sdk@2.0.0
import com.dingtalk.api.DefaultDingTalkClient;
import com.dingtalk.api.request.*;
import com.dingtalk.api.response.*;
import com.taobao.api.internal.util.json.JSONValidatingReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.*;

public class DingTalk {
    static String base;
    static String token;

    static void check(boolean good, Object what) {
        if (!good) {
            throw new AssertionError(String.valueOf(what));
        }
    }

    static DefaultDingTalkClient client(String path) {
        return new DefaultDingTalkClient(base + path);
    }

    static String control(String path, String method, String body) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(base + "/_emulator/" + path))
                                  .method(method, HttpRequest.BodyPublishers.ofString(body))
                                  .build();
        return HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString()).body();
    }

    @SuppressWarnings("unchecked")
    static List<Map<String, Object>> list(Map<?, ?> object, String key) {
        Object found = object.get(key);
        return found == null ? List.of() : (List<Map<String, Object>>) found;
    }

    static String text(Map<String, Object> object, String key) {
        return object.get(key) == null ? "" : (String) object.get(key);
    }

    static OapiV2UserGetResponse get(String userid) throws Exception {
        OapiV2UserGetRequest request = new OapiV2UserGetRequest();
        request.setUserid(userid);
        return client("/topapi/v2/user/get").execute(request, token);
    }

    static Map<String, List<OapiV2UserListResponse.ListUserResponse>> pull(Map<Long, String> names) throws Exception {
        Map<String, List<OapiV2UserListResponse.ListUserResponse>> people = new HashMap<>();
        Deque<Long> open = new ArrayDeque<>(List.of(1L));
        while (!open.isEmpty()) {
            long dept = open.pop();
            OapiV2DepartmentListsubRequest below = new OapiV2DepartmentListsubRequest();
            below.setDeptId(dept);
            OapiV2DepartmentListsubResponse children = client("/topapi/v2/department/listsub").execute(below, token);
            check(children.isSuccess(), children.getBody());
            for (OapiV2DepartmentListsubResponse.DeptBaseResponse child : children.getResult()) {
                names.put(child.getDeptId(), child.getName());
                check(child.getParentId() == dept, child.getName());
                open.push(child.getDeptId());
            }
            long cursor = 0;
            for (boolean more = true; more;) {
                OapiV2UserListRequest request = new OapiV2UserListRequest();
                request.setDeptId(dept);
                request.setCursor(cursor);
                request.setSize(100L);
                OapiV2UserListResponse page = client("/topapi/v2/user/list").execute(request, token);
                check(page.isSuccess(), page.getBody());
                for (OapiV2UserListResponse.ListUserResponse user : page.getResult().getList()) {
                    people.computeIfAbsent(user.getUserid(), id -> new ArrayList<>()).add(user);
                }
                more = page.getResult().getHasMore();
                cursor = more ? page.getResult().getNextCursor() : 0;
            }
        }
        return people;
    }

    public static void main(String[] arguments) throws Exception {
        base = arguments[0];
        Map<?, ?> file = (Map<?, ?>) new JSONValidatingReader().read(control("org", "GET", ""));

        OapiGettokenRequest login = new OapiGettokenRequest();
        login.setAppkey(System.getenv("SDK_APP_ID"));
        login.setAppsecret(System.getenv("SDK_APP_SECRET"));
        login.setHttpMethod("GET");
        OapiGettokenResponse granted = client("/gettoken").execute(login);
        check(granted.isSuccess() && granted.getExpiresIn() == 7200, granted.getBody());
        token = granted.getAccessToken();

        OapiAuthScopesRequest scopes = new OapiAuthScopesRequest();
        scopes.setHttpMethod("GET");
        OapiAuthScopesResponse scope = client("/auth/scopes").execute(scopes, token);
        check(scope.getAuthOrgScopes().getAuthedDept().equals(List.of(1L)), scope.getBody());

        // The tree and everybody in it.
        Map<Long, String> names = new HashMap<>();
        Map<String, List<OapiV2UserListResponse.ListUserResponse>> people = pull(names);
        check(names.size() == list(file, "deptList").size() - 1, names.size());
        for (Map<String, Object> dept : list(file, "deptList")) {
            if (!text(dept, "parentId").isEmpty()) {
                check(text(dept, "name").equals(names.get(Long.valueOf(text(dept, "deptId")))), dept);
            }
        }
        check(people.size() == list(file, "userList").size(), people.size());
        for (Map<String, Object> member : list(file, "userList")) {
            List<OapiV2UserListResponse.ListUserResponse> records = people.get(text(member, "memberId"));
            check(records.size() == Math.max(1, list(member, "departments").size()), member);
            for (OapiV2UserListResponse.ListUserResponse record : records) {
                check(record.getName().equals(text(member, "nick")), record.getName());
                check(record.getTitle().equals(text(member, "position")), record.getTitle());
                check(record.getJobNumber().equals(text(member, "jobNumber")), record.getJobNumber());
                check(record.getDeptOrder() > (1L << 53), record.getDeptOrder());
                String phone = record.getMobile() == null ? "" : "+" + record.getStateCode() + record.getMobile();
                check(phone.equals(text(member, "phone")), phone);
            }
        }

        // One record with everything, and the ways to find it.
        String first = people.keySet().iterator().next();
        OapiV2UserGetResponse one = get(first);
        check(one.isSuccess() && one.getResult().getUserid().equals(first), one.getBody());
        check(one.getResult().getDeptOrderList().size() == people.get(first).size(), one.getBody());
        check(one.getResult().getLeaderInDept().size() == people.get(first).size(), one.getBody());
        OapiUserGetbyunionidRequest byUnionId = new OapiUserGetbyunionidRequest();
        byUnionId.setUnionid(one.getResult().getUnionid());
        check(client("/topapi/user/getbyunionid").execute(byUnionId, token).getResult().getUserid().equals(first), first);

        // Roles with their people, and administrators.
        OapiRoleListRequest roleList = new OapiRoleListRequest();
        roleList.setSize(200L);
        roleList.setOffset(0L);
        OapiRoleListResponse groups = client("/topapi/role/list").execute(roleList, token);
        check(groups.isSuccess(), groups.getBody());
        Map<String, Integer> sizes = new HashMap<>();
        for (OapiRoleListResponse.OpenRoleGroup group : groups.getResult().getList()) {
            for (OapiRoleListResponse.OpenRole role : group.getRoles()) {
                int count = 0;
                long offset = 0;
                for (boolean more = true; more; offset += 100) {
                    OapiRoleSimplelistRequest request = new OapiRoleSimplelistRequest();
                    request.setRoleId(role.getId());
                    request.setSize(100L);
                    request.setOffset(offset);
                    OapiRoleSimplelistResponse page = client("/topapi/role/simplelist").execute(request, token);
                    check(page.isSuccess(), page.getBody());
                    count += page.getResult().getList().size();
                    more = page.getResult().getHasMore();
                }
                sizes.put(role.getName(), count);
            }
        }
        for (Map<String, Object> role : list(file, "roleList")) {
            long expected = list(file, "roleMemberSet").stream().filter(pair -> pair.get("roleId").equals(role.get("roleId"))).count();
            check(sizes.get(text(role, "name")) == expected, role);
        }
        OapiUserListadminResponse admins = client("/topapi/user/listadmin").execute(new OapiUserListadminRequest(), token);
        check(admins.getResult().size() == list(file, "adminIds").size(), admins.getBody());

        // Who opens the app in the workbench.
        String code = (String) ((Map<?, ?>) new JSONValidatingReader().read(control("code?memberId=" + first, "GET", ""))).get("code");
        OapiV2UserGetuserinfoRequest identify = new OapiV2UserGetuserinfoRequest();
        identify.setCode(code);
        check(client("/topapi/v2/user/getuserinfo").execute(identify, token).getResult().getUserid().equals(first), code);
        OapiV2UserGetuserinfoResponse again = client("/topapi/v2/user/getuserinfo").execute(identify, token);
        check(again.getErrcode() == 40078, again.getBody());

        // Refusals as the client reads them.
        check(get("nobody").getErrcode() == 60121, "nobody");
        control("behaviour", "PUT", "{\"permissions\":[\"qyapi_base\"],\"ratePerSecond\":0}");
        OapiV2UserGetResponse refused = get(first);
        check(refused.getErrcode() == 88 && "60011".equals(refused.getSubCode()), refused.getBody());
        token = "wrong";
        check("40014".equals(get(first).getSubCode()), "token");
        System.out.println("oapi: " + names.size() + " departments, " + people.size() + " people, " + sizes.size() + " roles");
    }
}
