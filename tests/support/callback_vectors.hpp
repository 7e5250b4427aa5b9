#pragma once

#include <string>
#include <vector>

namespace corps::test {

/** A message and what it is when encrypted and signed. */
struct MessageVector {
    char const* name;
    std::string token;
    std::string aesKey;
    std::string random;  ///< the 16 bytes before the message
    std::string timestamp;
    std::string nonce;
    std::string encrypted;
    std::string signature;
    std::string text;
    std::string receiveId;
};

/**
 * Those called published stand in the platforms' documentation (WeCom: document/path/90968; DingTalk: the
 * page about HTTP push). The others were computed with Python's cryptography and OpenSSL's command line, and
 * read again by other implementations (the npm package @wecom/crypto; a Go client of DingTalk).
 */
inline std::vector<MessageVector> const& messageVectors() {
    // clang-format off
    static std::vector<MessageVector> const all{
        {"WeCom, published: verification of a URL",
         "QDG6eK",
         "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C",
         "c41b64491c2468d0",
         "1409659589",
         "263014780",
         "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ==",
         "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3",
         "1616140317555161061",
         "wx5823bf96d3bd56c7"},
        {"WeCom, published: a message",
         "QDG6eK",
         "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C",
         "0960688932c47ef1",
         "1409659813",
         "1372623149",
         "RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911L3vg3W/sYYvuJTs3TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwGc2hgf5gsijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9EL4EhzJWrQUax5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0lXdQ2YoyyH2uyPIGHBZZIs2pDBS8R07+qN+E7Q==",
         "477715d11cdb4164915debcba66cb864d751f3e6",
         R"x(<xml><ToUserName><![CDATA[wx5823bf96d3bd56c7]]></ToUserName>
<FromUserName><![CDATA[mycreate]]></FromUserName>
<CreateTime>1409659813</CreateTime>
<MsgType><![CDATA[text]]></MsgType>
<Content><![CDATA[hello]]></Content>
<MsgId>4561255354251345929</MsgId>
<AgentID>218</AgentID>
</xml>)x",
         "wx5823bf96d3bd56c7"},
        {"WeCom A: verification of a URL",
         "orgSyncToken01",
         "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
         "0123456789abcdef",
         "1700000000",
         "1597212914",
         "4j/AuRx71kQlxVlzbpsMWCMhySS6GAAHx1ul2HXnXISQoEYsqA8aaMZ9SHqj0pSNf6rYFblOgbs/jW8+ChizxA==",
         "44d731cb6602f523c5f1ab8a9f8852cb96eb11e8",
         "4375120948345356249",
         "ww0123456789abcdef"},
        {"WeCom B: update_user with Chinese text",
         "orgSyncToken01",
         "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
         "0123456789abcdef",
         "1700000001",
         "380320359",
         "4j/AuRx71kQlxVlzbpsMWPPpOHufOK9SwwPGpWNvVpKUGIcQdd/tFbtoQ9pWxwvaKIaaSLmr/iYHQXh5mJqF5K5xqNHnSVfTjFU+5mj3svK7QGtX4SMQ18eGgW+TdZSSUhW+D84/NAJWUu2oeQUzocKZf/w2iWmT80Y4te24mDhW2RvKus6QS/kHPjuJa6ruV9o6gG9pu9aUQf0nGY4oUkDp5lm57zyDk7EnF/x8dD/LycPv1WGtNK8aUAvzS6B2Zy1P/J66fpdjnuOFC6WzseRi6E+PoJIk1w1MdfumJqDvkLSv0s52cycPT7Evn8K+5JnaTDOHB79ocodQ4SnXTHXPrusvMuilEHcDMDCBWozB1IrPWKyjeAOma3J8+xk7OM0qA8nDkA6OXclUdUABegqZ2tFhzYD/kuAQ2IPWru4QWyPOqorlsoLnreDfs3Cuscc+6w+hs+eD0bK2F+B4HmuCJGwONwx7lLP31I1YqbwYdTFuuVVuv67Mi3ur3GymuwQcDlqbqauUngwsiLNUMDB1jx45S6yyrk+rduDrb2gafdXYNG1yYzNkVLgd2S7J5GKRZHmGkqFJZ/tRr1y6cYl51q9INB7FtU6+pPxVLn67iVrFaZppsR9+YxrwpjpT",
         "9e2f91f2db3582deb85de4f012e8df1b0107958e",
         "<xml><ToUserName><![CDATA[ww0123456789abcdef]]></ToUserName><FromUserName><![CDATA[sys]]></FromUserName><CreateTime>1700000001</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[change_contact]]></Event><ChangeType>update_user</ChangeType><UserID><![CDATA[zhangsan]]></UserID><NewUserID><![CDATA[zhangsan001]]></NewUserID><Name><![CDATA[张三]]></Name><Department><![CDATA[1,2]]></Department></xml>",
         "ww0123456789abcdef"},
        {"WeCom E: a whole block of padding",
         "orgSyncToken01",
         "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
         "0123456789abcdef",
         "1700000004",
         "1",
         "4j/AuRx71kQlxVlzbpsMWLdwa700XSzOWDMkXDdU+WosU+ewEoBShSctEkjIMzDluDA/lOKCdUZUkeU4RUQWvlb25E9mxr2aw2oTfGSPUbVQb5xl1a82fEMwdygm5OKw",
         "ef30cc29e9c689e9014387de10830187d8e617ef",
         "xxxxxxxxxxxxxxxxxxxxxxxxxx",
         "ww0123456789abcdef"},
        {"WeCom G: a passive reply",
         "orgSyncToken01",
         "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
         "0123456789abcdef",
         "1700000006",
         "777",
         "4j/AuRx71kQlxVlzbpsMWMTk4BTR7q09p3jbnuP8FigNzeccCOuoMkQwFELmZpwSp8aB7OZKnrcmZ2L9N98B4b42Y1DoCW20pI/zrcjZ/mYJhGG01BWRlXn5ezmNB3v7KCliejPWLG4OlGu6BQx+fKHddllMkEUwNOSyOPsMScbB8nFSwDgmxpuYrT/usj5W++RUfMJPsqtTz5YKtm2/caJUtGaHST+NFtwwy9SEnVnzmXpsNwTehhTKffEfmdLOQpxg2YRHvI/098hPIg6p8CxEbySgJgqdnBwrmg+WklKi70DvlXTWkD7njy8z0aEu3jBtg7D3CUJWpMW0lGccVkCM86c2d2ukO9deIiI1eNfrR/EZU918SwtCVpWAazV6",
         "b58f73966c9f2b9db60805266b60dad71f344a8c",
         "<xml><ToUserName><![CDATA[zhangsan]]></ToUserName><FromUserName><![CDATA[ww0123456789abcdef]]></FromUserName><CreateTime>1700000006</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[ok]]></Content></xml>",
         "ww0123456789abcdef"},
        {"WeCom C: suite_ticket",
         "orgSyncToken01",
         "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
         "0123456789abcdef",
         "1700000002",
         "380320360",
         "4j/AuRx71kQlxVlzbpsMWPVXJc0RXUTdS5A833U0bhDBrOYVY/dEMNc/wK0FXx8JWV3W7NhS+dJ1SoLHXsdLn5V0rh3Pygng7s/EmGczZZBeYdoOAYPiBlpsGRShX3ZwKWdId07YLTMsy3O+ZL9o8jILV0/J+ehmh0brwXXRDLcsdo5YSVMNWsSWPUq+qGfepxTVBUH9o4/cDqHPwTx36hVfDKUDxoXrH11kVn4kgQesWCqY3ZUnGOMIHXlNTNoNJeu/kPuJEkfgo2394ZELqhAHCZhmwnGhqrWEB8v11aJqTCiDTLazHsrNdMVIiCJtkmCAgA/ivVOXchWIPfOeBg==",
         "db69f48fdd58d5ee80d2c4587fc54526c6c5dea2",
         "<xml><SuiteId><![CDATA[dk0123456789abcdef]]></SuiteId><InfoType><![CDATA[suite_ticket]]></InfoType><TimeStamp>1700000002</TimeStamp><SuiteTicket><![CDATA[TICKET-0001]]></SuiteTicket></xml>",
         "dk0123456789abcdef"},
        {"WeCom D: create_auth",
         "orgSyncToken01",
         "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
         "0123456789abcdef",
         "1700000003",
         "380320361",
         "4j/AuRx71kQlxVlzbpsMWKJhvTDVKfL732fOS8yy4A1bdPIREo+BYcn5XD7oihnXKZr1sMsjt6wz26giqV3znX6Xh58FHvHVJuE7NAch7LlxYqr8iI8yLDHlfVkPuENfSjkIIdWt6kuLo4gngxs2NYxNcK3UGSHj5FFLNgwZaKbxT/egkQ/p0h6OnDHjvuUC9NHJb2keOs/6/EgZSxuq2J6wXekT+/duAimTOEsrPijvQH3PWdvDfURPdhaTAsYM2eIopB5cUnpU6Pa1xdRBsI8uRuralCBh+ostk+zzKk1q8IIC8hk633n3Wc11aeppxtWVrxGhNqOP8mbGldpwIBH56V3TC/Cm3/Gj6MX6RYrW+C/nvcdk8wD1IMhy6a2N",
         "11dc6fdff90d95e58f091d9289a1788b79d3321e",
         "<xml><SuiteId><![CDATA[dk0123456789abcdef]]></SuiteId><AuthCode><![CDATA[AUTHCODE-0001]]></AuthCode><InfoType><![CDATA[create_auth]]></InfoType><TimeStamp>1700000003</TimeStamp><State><![CDATA[corp42]]></State><ExtraInfo></ExtraInfo></xml>",
         "dk0123456789abcdef"},
        {"WeCom F: verification of the URL of a suite",
         "orgSyncToken01",
         "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
         "0123456789abcdef",
         "1700000005",
         "42",
         "4j/AuRx71kQlxVlzbpsMWFHe92iq4VdHki6B+j5nrtg71mFdQm+ko3NxTfdGK3HjBjeJUeY6ebrxJg1rOmkb6A==",
         "9e7dc13e753ef0c3b7264b4bc7e8e207248a5939",
         "1616140317555161061",
         "wwprovider00000001"},
        {"DingTalk V1: an event",
         "t0kenTest01",
         "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
         "0123456789abcdef",
         "1700000000456",
         "nonce123",
         "4j/AuRx71kQlxVlzbpsMWBAcDYUrBY0E+4v6TyT63pF0Bll8wqgFMPp3WBFlLO4jQRn9AI33G2b/O1jf3vAVP96ab4hsPbNPZgmsSDLkwnt+5lZHB5YRnNqcosSDEczalQJSXvXl+uZxhtL8rxF5+DmvogpXfcqwcek+Pklk8uYsLU3YUOCyudZWYVa5Tl08tXLm6vovW2zqpqu+KDeZlPrKbVjEAOnEsTf9swZpKlVH4J0u5nAvWHR0PIGnIDQM7z9geul5ncswnSbDYL2nOjymQqOR7dsP11sE2CKSq+X8Uv1qYUec3SYKI2VjurFTYwnwBHQ46iWr5IjNZAFhuw==",
         "7a88232c5be82fbc2f19e71d2917efe0685ce9af",
         R"x({"EventType":"user_add_org","EventTime":1700000000123,"CorpId":"dingcorp0000000000000001","BizId":"1700000000123","eventId":"0123456789abcdef0123456789abcdef","timeStamp":"1700000000100","userId":["user0001"]})x",
         "dingexampleappkey01"},
        {"DingTalk V2: the reply success",
         "t0kenTest01",
         "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
         "fedcba9876543210",
         "1700000000789",
         "nonce456",
         "wrNmYnsdngNwZHPRm4NnS3S7Xx/eXYYSvt/LmNlt+Hyv3Ka+l5U1hPoaeK8xdGbqx14VHIXGgjpM4MTuXsWJeQ==",
         "cccc9c8449f48718aaf033c259deb09482510be4",
         "success",
         "dingexampleappkey01"},
        {"DingTalk V3: a whole block of padding, bytewise order",
         "t0kenTest01",
         "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
         "abcdefghijklmnop",
         "1700000001000",
         "AbCdEfGh",
         "ZnOlBYhoWuZLTtzBJSU1bdmaTMd9OkuCRzcMtCOQW6kwOnRFdBOKWagdkJ+rkjsbcae0KcOL03hZBP7+HWUxknyBrMOH+qnLNaZJnvuknW3/xLCw0XtJsyQBY33+fhW6",
         "d70d43e6d257c63df1a86fa2dcf1d7154ab6a4f2",
         R"x({"EventType":"check_url"})x",
         "dingexampleappkey01"},
        {"DingTalk V4: Chinese text, owner is the corp",
         "t0kenTest01",
         "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
         "QRSTUVWXYZ012345",
         "1700000003111",
         "zzTop007",
         "FJBNXt1cubz81M4ECni0aMfj6MXbPmOMfbH9uVAgFT6oxSlPAmo3iZa7gGJ/O56aDkMxmSVighUdDz4ChOqkAPjokQgZV48ucT5nQfeYy6PVJfoXXL2nEGIg/3h6mEiS++UUpidQ1LPI/deE5vSD9lPXWZrf2J5fBHzosdfXGFxYbtWl/cAq++ub9C9DPa0rgtN1iBJDldYaggXGGfNGFAQ4wWfAWjaujq3hxJGMuLm6mkugs42N06GWuz5/p23sToVMFp0gFi4L01Cd+ZDHgpZdnFRlSeMQvJNuiVQOLpaitlzCM4sqMxQZKH7hxyTTYltvvnUjBxuxTg5c3fbZIg==",
         "0aca4d1994ac9061f544d0e9311fe6fcdc167a86",
         R"x({"EventType":"user_modify_org","CorpId":"dingcorp0000000000000001","UserId":["user0002"],"diffInfo":{"prev":{"name":"测试01"},"curr":{"name":"测试1"},"userid":"user0002"},"TimeStamp":"1700000003000"})x",
         "dingcorp0000000000000001"},
        {"DingTalk, published: check_create_suite_url",
         "123456",
         "4g5j64qlyl3zvetqxz5jiocdr586fn2zvjpa8zls3ij",
         "hU3bEfGZZewzhG5a",
         "1445827045067",
         "nEXhMP4r",
         "1a3NBxmCFwkCJvfoQ7WhJHB+iX3qHPsc9JbaDznE1i03peOk1LaOQoRz3+nlyGNhwmwJ3vDMG+OzrHMeiZI7gTRWVdUBmfxjZ8Ej23JVYa9VrYeJ5as7XM/ZpulX8NEQis44w53h1qAgnC3PRzM7Zc/D6Ibr0rgUathB6zRHP8PYrfgnNOS9PhSBdHlegK+AGGanfwjXuQ9+0pZcy0w9lQ==",
         "5a65ceeef9aab2d149439f82dc191dd6c5cbe2c0",
         R"x({"EventType":"check_create_suite_url","Random":"LPIdSnlF","TestSuiteKey":"suite4xxxxxxxxxxxxxxx"})x",
         "suite4xxxxxxxxxxxxxxx"},
        {"DingTalk, published: success",
         "123456",
         "1234567890123456789012345678901234567890123",
         "dICkEDLj0eb6yAbc",
         "1614767836",
         "A7Co0cJLMzIDtMMI",
         "YvkvaGe4hQxd3VxRmEty0dVlnCOAqwf56xwTRHDHoOURqhalbmBJQk5FNcRk42Gl5T0YQXZNwpwWSm1xAFJ5ZA==",
         "9a95a004dd16f5c307e849b994173f76aa26e5eb",
         "success",
         "dingsnotzck6pm5veliw"},
    };
    // clang-format on
    return all;
}

}  // namespace corps::test
