// A client of WeCom for Go, used as a provider uses it: templates by its Provider... calls, an enterprise with the permanent code
// as the secret of an app of its own.
// sdk: github.com/wenerme/go-wecom@v1.0.0
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/wenerme/go-wecom/wecom"
)

var address string

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

func control(out any, path string, body any) {
	var answer *http.Response
	var err error
	if body == nil {
		answer, err = http.Get(address + "/_emulator/" + path)
	} else {
		text, _ := json.Marshal(body)
		answer, err = http.Post(address+"/_emulator/"+path, "application/json", bytes.NewReader(text))
	}
	works(err)
	defer answer.Body.Close()
	require(answer.StatusCode == 200, "%s: %s", path, answer.Status)
	works(json.NewDecoder(answer.Body).Decode(out))
}

type object = map[string]any

func main() {
	address = os.Args[1]
	text, err := os.ReadFile(os.Args[2])
	works(err)
	var org struct {
		CorpId   string
		DeptList []struct{ DeptId, Name string }
		UserList []struct{ MemberId, Nick string }
	}
	works(json.Unmarshal(text, &org))
	var state struct {
		Suites      []struct{ SuiteId, SuiteTicket string }
		Enterprises []struct {
			CorpId, OpenCorpId string
			Apps               []struct {
				AgentId       int
				PermanentCode string
			}
		}
	}
	control(&state, "provider", nil)
	first := state.Enterprises[0]
	require(first.CorpId == org.CorpId, "%s comes first", first.CorpId)

	connect := func(corp, secret string) *wecom.Client {
		client := wecom.NewClient(wecom.Conf{CorpID: corp, AgentID: first.Apps[0].AgentId, CorpSecret: secret})
		client.Request.BaseURL = address
		return client
	}
	list := func(client *wecom.Client) int {
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
		users, err := client.ListUser(&wecom.ListUserRequest{DepartmentID: "1", FetchChild: "1"})
		works(err)
		require(len(users.UserList) == len(org.UserList), "%d people instead of %d", len(users.UserList), len(org.UserList))
		for _, user := range users.UserList {
			require(strings.HasPrefix(user.UserID, "wo"), "an id like %s", user.UserID)
		}
		one, err := client.GetUser(&wecom.GetUserRequest{UserID: users.UserList[0].UserID})
		works(err)
		require(one.Name == users.UserList[0].Name, "another name: %s", one.Name)
		return len(users.UserList)
	}
	people := list(connect(first.OpenCorpId, first.Apps[0].PermanentCode))
	list(connect(first.CorpId, first.Apps[0].PermanentCode))

	suite := wecom.NewClient(wecom.Conf{CorpID: os.Getenv("SDK_CORP_ID"), ProviderSecret: os.Getenv("SDK_PROVIDER_SECRET"),
		SuiteID: os.Getenv("SDK_SUITE_ID"), SuiteSecret: os.Getenv("SDK_APP_SECRET"), SuiteTicket: state.Suites[0].SuiteTicket})
	suite.Request.BaseURL = address
	provider, err := suite.GetProviderToken()
	works(err)
	require(provider.ProviderAccessToken != "", "no token of the provider")
	info, err := suite.ProviderGetAuthInfo(&wecom.ProviderGetAuthInfoRequest{
		AuthCorpID: first.OpenCorpId, PermanentCode: first.Apps[0].PermanentCode})
	works(err)
	require(info.AuthInfo.Agent[0].AgentID == first.Apps[0].AgentId, "agent %d", info.AuthInfo.Agent[0].AgentID)
	_, err = suite.ProviderGetCorpToken(&wecom.ProviderGetCorpTokenRequest{
		AuthCorpID: first.OpenCorpId, PermanentCode: first.Apps[0].PermanentCode})
	refused(48002, err)

	var nothing, authorised object
	control(&nothing, "cancel", object{"corp": org.CorpId})
	control(&authorised, "authorise", object{"corp": org.CorpId})
	got, err := suite.ProviderGetPermanentCode(&wecom.ProviderGetPermanentCodeRequest{AuthCode: authorised["authCode"].(string)})
	works(err)
	require(got.AuthCorpInfo.CorpID == first.OpenCorpId, "%s authorised", got.AuthCorpInfo.CorpID)
	require(got.AuthInfo.Agent[0].IsCustomizedApp, "no app of proxy development")
	list(connect(got.AuthCorpInfo.CorpID, got.PermanentCode))
	_, err = suite.ProviderGetPermanentCode(&wecom.ProviderGetPermanentCodeRequest{AuthCode: authorised["authCode"].(string)})
	refused(40078, err)
	fmt.Printf("%d departments, %d people of one enterprise of %d\n", len(org.DeptList), people, len(state.Enterprises))
}
