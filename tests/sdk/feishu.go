// Feishu's official SDK for Go, pointed at the emulator by its option WithOpenBaseUrl.
// sdk: github.com/larksuite/oapi-sdk-go/v3@v3.4.8
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"

	lark "github.com/larksuite/oapi-sdk-go/v3"
	larkcore "github.com/larksuite/oapi-sdk-go/v3/core"
	larkcontact "github.com/larksuite/oapi-sdk-go/v3/service/contact/v3"
)

func require(fine bool, what string, values ...any) {
	if !fine {
		fmt.Printf(what+"\n", values...)
		os.Exit(1)
	}
}

// Reads the answer to a plain request, without the SDK.
func ask(url string, body any, into any) {
	var answer *http.Response
	var err error
	if body == nil {
		answer, err = http.Get(url)
	} else {
		text, _ := json.Marshal(body)
		answer, err = http.Post(url, "application/json", bytes.NewReader(text))
	}
	require(err == nil, "%v", err)
	defer answer.Body.Close()
	require(json.NewDecoder(answer.Body).Decode(into) == nil, "no JSON from %s", url)
}

func tokensIssued(address string) int {
	var stats struct{ TokensIssued int }
	ask(address+"/_emulator/stats", nil, &stats)
	return stats.TokensIssued
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func main() {
	address, file := os.Args[1], os.Args[2]
	appId, appSecret := os.Getenv("SDK_APP_ID"), os.Getenv("SDK_APP_SECRET")
	ctx := context.Background()

	// What the organisation file says. Its root department is the platform's "0".
	var org struct {
		DeptList []struct{ DeptId, ParentId, Name string }
		UserList []struct {
			MemberId, Nick string
			Departments    []struct{ DeptId string }
		}
	}
	bytesOfFile, err := os.ReadFile(file)
	require(err == nil, "%v", err)
	require(json.Unmarshal(bytesOfFile, &org) == nil, "no organisation file")
	root := org.DeptList[slices.IndexFunc(org.DeptList, func(d struct{ DeptId, ParentId, Name string }) bool {
		return d.ParentId == ""
	})].DeptId
	id := func(dept string) string {
		if dept == root {
			return "0"
		}
		return dept
	}
	var departments, members []string
	for _, d := range org.DeptList {
		if d.DeptId != root {
			departments = append(departments, d.DeptId+" "+id(d.ParentId)+" "+d.Name)
		}
	}
	for _, u := range org.UserList {
		for _, d := range u.Departments {
			members = append(members, id(d.DeptId)+" "+u.MemberId+" "+u.Nick)
		}
	}

	// The same through the SDK, page by page; it gets its token itself.
	require(tokensIssued(address) == 0, "a token before the first call")
	quiet := lark.WithLogLevel(larkcore.LogLevelError)
	sdk := lark.NewClient(appId, appSecret, lark.WithOpenBaseUrl(address), quiet)
	var seenDepartments, seenMembers []string
	depts := []string{"0"}
	for pageToken := ""; ; {
		request := larkcontact.NewChildrenDepartmentReqBuilder().DepartmentId("0").DepartmentIdType("department_id").
			UserIdType("user_id").FetchChild(true).PageSize(50)
		if pageToken != "" {
			request.PageToken(pageToken)
		}
		answer, err := sdk.Contact.Department.Children(ctx, request.Build())
		require(err == nil && answer.Success(), "departments: %v %v", err, answer)
		for _, d := range answer.Data.Items {
			seenDepartments = append(seenDepartments, text(d.DepartmentId)+" "+text(d.ParentDepartmentId)+" "+text(d.Name))
			depts = append(depts, text(d.DepartmentId))
		}
		if answer.Data.HasMore == nil || !*answer.Data.HasMore {
			break
		}
		pageToken = text(answer.Data.PageToken)
	}
	for _, dept := range depts {
		for pageToken := ""; ; {
			request := larkcontact.NewFindByDepartmentUserReqBuilder().DepartmentId(dept).DepartmentIdType("department_id").
				UserIdType("user_id").PageSize(50)
			if pageToken != "" {
				request.PageToken(pageToken)
			}
			answer, err := sdk.Contact.User.FindByDepartment(ctx, request.Build())
			require(err == nil && answer.Success(), "members: %v %v", err, answer)
			for _, u := range answer.Data.Items {
				seenMembers = append(seenMembers, dept+" "+text(u.UserId)+" "+text(u.Name))
			}
			if answer.Data.HasMore == nil || !*answer.Data.HasMore {
				break
			}
			pageToken = text(answer.Data.PageToken)
		}
	}
	for _, list := range [][]string{departments, members, seenDepartments, seenMembers} {
		slices.Sort(list)
	}
	require(slices.Equal(seenDepartments, departments), "other departments than in the organisation file")
	require(slices.Equal(seenMembers, members), "other members than in the organisation file")
	require(tokensIssued(address) == 1, "not one token for all")

	// A token of the emulator is accepted from the SDK, another one is refused.
	var token struct {
		Token string `json:"tenant_access_token"`
	}
	ask(address+"/open-apis/auth/v3/tenant_access_token/internal",
		map[string]string{"app_id": appId, "app_secret": appSecret}, &token)
	bare := lark.NewClient("cli_other", "none", lark.WithOpenBaseUrl(address), lark.WithEnableTokenCache(false), quiet)
	get := larkcontact.NewGetUserReqBuilder().UserId(org.UserList[0].MemberId).UserIdType("user_id").Build()
	user, err := bare.Contact.User.Get(ctx, get, larkcore.WithTenantAccessToken(token.Token))
	require(err == nil && user.Success() && text(user.Data.User.Name) == org.UserList[0].Nick,
		"the emulator's token is not accepted: %v %v", err, user)
	user, err = bare.Contact.User.Get(ctx, get, larkcore.WithTenantAccessToken("t-none"))
	require(err == nil && user.Code == 99991663, "a token that is none is not refused: %v %v", err, user)

	fmt.Printf("%d departments, %d memberships, as in the organisation file\n", len(seenDepartments), len(seenMembers))
}
