"""What Aliyun's error codes mean for us (dysmsapi 2017-05-25, the published list)."""

from __future__ import annotations

from app.integrations.sms import Verdict

SETUP = 600  # seconds until the next try when somebody has to change something first

_REFUSED = {
    "template_values": (
        "isv.TEMPLATE_MISSING_PARAMETERS", "isv.TEMPLATE_PARAMS_ILLEGAL", "isv.INVALID_JSON_PARAM",
    ),
    "long_value": ("isv.PARAM_LENGTH_LIMIT",),
    "link_in_value": ("isv.PARAM_NOT_SUPPORT_URL",),
    "banned_words": ("isv.SMS_CONTENT_ILLEGAL", "isv.BLACK_KEY_CONTROL_LIMIT"),
    "blocked_phone": ("isv.UNSUPPORTED_CONTENT", "isv.PHONENUMBER_BLACKLIST"),
    "phone": ("isv.MOBILE_NUMBER_ILLEGAL", "isv.MOBILE_COUNT_OVER_LIMIT", "isv.DOMESTIC_NUMBER_NOT_SUPPORTED"),
    "bad_request": ("isv.INVALID_PARAMETERS", "isv.EXTEND_CODE_ERROR"),
    "limit_total": ("isv.DAY_LIMIT_CONTROL", "isv.MONTH_LIMIT_CONTROL"),
    "limit_day": ("isv.BUSINESS_LIMIT_CONTROL", "isv.BUSINESS_LIMIT_CONTROL.day"),
}  # fmt: skip
_SETUP = {
    "signature": (
        "isv.SMS_SIGNATURE_ILLEGAL", "isv.SMS_SIGN_ILLEGAL", "isv.SMS_SIGNATURE_SCENE_ILLEGAL",
        "isv.SIGN_STATE_ILLEGAL", "isv.SIGN_NAME_ILLEGAL",
    ),
    "template": ("isv.SMS_TEMPLATE_ILLEGAL", "isv.SMS_TEST_TEMPLATE_LIMIT", "isv.SMS_TEST_SIGN_TEMPLATE_LIMIT"),
    "balance": ("isv.OUT_OF_SERVICE", "isv.AMOUNT_NOT_ENOUGH", "isv.ACCOUNT_ABNORMAL"),
    "app": ("isv.PRODUCT_UN_SUBSCRIPT", "isv.PRODUCT_UNSUBSCRIBE", "isv.ACCOUNT_NOT_EXISTS"),
    "permission": ("isp.RAM_PERMISSION_DENY", "Forbidden.RAM", "NoPermission", "Forbidden"),
    "ip_list": ("isv.DENY_IP_RANGE",),
    "key": (
        "SignatureDoesNotMatch", "InvalidAccessKeyId.NotFound", "InvalidAccessKeyId.Inactive", "IncompleteSignature",
        "InvalidAccessKeyId", "MissingAccessKeyId", "InvalidSecurityToken.Expired",
    ),
    "clock": ("InvalidTimeStamp.Expired", "InvalidTimeStamp.Format", "SignatureNonceUsed"),
}  # fmt: skip
_LATER = {
    "isv.BUSINESS_LIMIT_CONTROL.minute": Verdict("retry", "limit_seconds", 60),
    "isv.BUSINESS_LIMIT_CONTROL.hour": Verdict("retry", "limit_hour", 3600),
    "Throttling": Verdict("retry", "limit_seconds", 10),
    "Throttling.User": Verdict("retry", "limit_seconds", 10),
    "Throttling.Api": Verdict("retry", "limit_seconds", 10),
}
VERDICTS: dict[str, Verdict] = {
    **{code: Verdict("refused", advice) for advice, codes in _REFUSED.items() for code in codes},
    **{code: Verdict("retry", advice, SETUP) for advice, codes in _SETUP.items() for code in codes},
    **_LATER,
}
# Codes that the list does not name. "isp" is the gateway's own inside: the message may have gone out.
_FAMILIES = {
    "isv": Verdict("refused", "bad_request"),
    "isp": Verdict("unknown", "gateway_error"),
    "Throttling": Verdict("retry", "limit_seconds", 10),
    "Forbidden": Verdict("retry", "permission", SETUP),
    "InvalidAccessKeyId": Verdict("retry", "key", SETUP),
    "InvalidTimeStamp": Verdict("retry", "clock", SETUP),
    "MissingParameter": Verdict("refused", "bad_request"),
    "InvalidParameter": Verdict("refused", "bad_request"),
    "InvalidAction": Verdict("refused", "bad_request"),
    "InvalidVersion": Verdict("refused", "bad_request"),
    "InternalError": Verdict("unknown", "gateway_error"),
    "ServiceUnavailable": Verdict("unknown", "gateway_error"),
}
OTHER = Verdict("unknown", "other")
_LEVELS = {"分钟级": "minute", "小时级": "hour", "天级": "day"}


def exact(code: str, message: str) -> str:
    """The code; where one code stands for three limits, with the one that the message names.

    A limit that is not named counts as the day's: every try is counted, so trying again would only prolong it.
    """
    if code == "isv.BUSINESS_LIMIT_CONTROL":
        level = next((level for words, level in _LEVELS.items() if words in message), "")
        return f"{code}.{level}" if level else code
    return code


def verdict(code: str) -> Verdict:
    """What to do after that code, and which advice to show; a code nobody knows means "perhaps it went out"."""
    return VERDICTS.get(code) or _FAMILIES.get(code.split(".")[0], OTHER)
