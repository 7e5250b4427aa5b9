// A client of WeCom for Go, pointed at the emulator by its member Request.BaseURL.
// sdk: github.com/wenerme/go-wecom@v1.0.0
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"

	"github.com/wenerme/go-wecom/wecom"
)

func require(fine bool, what string, values ...any) {
	if !fine {
		fmt.Printf(what+"\n", values...)
		os.Exit(1)
	}
}

func works(err error) {
	require(err == nil, "%v", err)
}

func refused(code int, err error) {
	var answer *wecom.GenericResponse
	require(errors.As(err, &answer) && answer.ErrorCode == code, "expected %d, found %v", code, err)
}

func main() {
	address, file := os.Args[1], os.Args[2]
	text, err := os.ReadFile(file)
	works(err)
	var org struct {
		DeptList []struct{ DeptId, Name string }
		UserList []struct {
			MemberId, Nick string
			Departments    []struct{ DeptId string }
		}
		RoleList      []struct{ RoleId, Name string }
		RoleMemberSet []struct{ RoleId, MemberId string }
	}
	works(json.Unmarshal(text, &org))
	agent, err := strconv.Atoi(os.Getenv("SDK_AGENT_ID"))
	works(err)
	connect := func(secret string) *wecom.Client {
		client := wecom.NewClient(wecom.Conf{CorpID: os.Getenv("SDK_CORP_ID"), AgentID: agent, CorpSecret: secret})
		client.Request.BaseURL = address
		return client
	}
	client := connect(os.Getenv("SDK_APP_SECRET"))
	sync := connect(os.Getenv("SDK_CONTACT_SECRET"))

	agents, err := client.ListAgent()
	works(err)
	require(len(agents.AgentList) == 1 && agents.AgentList[0].AgentID == agent, "agents: %v", agents)

	depts, err := client.ListDepartment(&wecom.ListDepartmentRequest{ID: 1})
	works(err)
	names := map[string]string{}
	for _, dept := range depts.Department {
		names[strconv.Itoa(dept.ID)] = dept.Name
	}
	require(len(names) == len(org.DeptList), "%d departments instead of %d", len(names), len(org.DeptList))
	for _, dept := range org.DeptList[1:] {
		require(names[dept.DeptId] == dept.Name, "department %s is called %s", dept.DeptId, names[dept.DeptId])
	}

	list, err := client.ListUser(&wecom.ListUserRequest{DepartmentID: "1", FetchChild: "1"})
	works(err)
	people := map[string]wecom.ListUserResponseItem{}
	for _, user := range list.UserList {
		people[user.UserID] = user
	}
	require(len(people) == len(org.UserList), "%d people instead of %d", len(people), len(org.UserList))
	pairs := 0
	for _, member := range org.UserList {
		user := people[member.MemberId]
		require(user.Name == member.Nick && user.Mobile == "", "%s differs", member.MemberId)
		require(len(user.Order) == len(user.Department), "orders of %s", member.MemberId)
		pairs += len(user.Department)
	}
	some := org.UserList[0].MemberId
	one, err := client.GetUser(&wecom.GetUserRequest{UserID: some})
	works(err)
	require(one.Name == org.UserList[0].Nick, "another name: %s", one.Name)
	_, err = client.GetUser(&wecom.GetUserRequest{UserID: "nobody"})
	refused(60111, err)

	tags, err := client.ListTag()
	works(err)
	require(len(tags.TagList) == len(org.RoleList), "%d tags", len(tags.TagList))
	tagged := 0
	for _, tag := range tags.TagList {
		who, err := client.GetTag(&wecom.GetTagRequest{TagID: strconv.Itoa(tag.TagID)})
		works(err)
		tagged += len(who.UserList)
	}
	require(tagged == len(org.RoleMemberSet), "%d people with tags instead of %d", tagged, len(org.RoleMemberSet))

	// The contact secret: ids, page by page, and nothing else.
	rows := 0
	for cursor, first := "", true; first || cursor != ""; first = false {
		page, err := sync.ListUserId(&wecom.ListUserIdRequest{Cursor: cursor, Limit: 100})
		works(err)
		rows += len(page.DeptUser)
		cursor = page.NextCursor
	}
	require(rows == pairs, "%d rows instead of %d", rows, pairs)
	_, err = client.ListUserId(&wecom.ListUserIdRequest{Limit: 100})
	refused(48002, err)
	_, err = sync.ListDepartment(&wecom.ListDepartmentRequest{ID: 1})
	refused(48009, err)

	// Logging in, by the older path.
	answer, err := http.Get(address + "/_emulator/code?memberId=" + some)
	works(err)
	defer answer.Body.Close()
	var login struct{ Code string }
	works(json.NewDecoder(answer.Body).Decode(&login))
	who, err := client.GetUserInfoByCode(&wecom.GetUserInfoByCodeRequest{Code: login.Code})
	works(err)
	require(who.UserId == some, "%q logged in", who.UserId)
	fmt.Printf("%d departments, %d people, %d tags\n", len(names), len(people), len(tags.TagList))
}
