"""What Tencent's error codes mean for us (SMS 2021-01-11, the published list of the API and of its SDK)."""

from __future__ import annotations

from app.integrations.sms import Verdict

SETUP = 600  # seconds until the next try when somebody has to change something first

_REFUSED = {
    "template_values": (
        "FailedOperation.TemplateParamSetNotMatchApprovedTemplate", "InvalidParameterValue.InvalidTemplateFormat",
        "InvalidParameterValue.TemplateParameterFormatError",
    ),
    "long_value": ("InvalidParameterValue.TemplateParameterLengthLimit",),
    "content_long": ("InvalidParameterValue.ContentLengthLimit",),
    "link_in_value": ("InvalidParameterValue.ProhibitedUseUrlInTemplateParameter",),
    "banned_words": (
        "FailedOperation.ContainSensitiveWord", "InvalidParameter.DirtyWordFound",
        "InvalidParameterValue.TemplateWithDirtyWords",
    ),
    "blocked_phone": ("FailedOperation.PhoneNumberInBlacklist",),
    "phone": (
        "InvalidParameterValue.IncorrectPhoneNumber", "FailedOperation.PhoneNumberParseFail",
        "MissingParameter.EmptyPhoneNumberSet", "UnsupportedOperation.ChineseMainlandTemplateToGlobalPhone",
        "UnsupportedOperation.GlobalTemplateToChineseMainlandPhone", "UnsupportedOperation.UnsupportedRegion",
        "UnsupportedOperation.ContainDomesticAndInternationalPhoneNumber",
    ),
    "limit_day": ("LimitExceeded.PhoneNumberDailyLimit", "LimitExceeded.PhoneNumberSameContentDailyLimit"),
    "limit_total": (
        "LimitExceeded.AppDailyLimit", "LimitExceeded.AppMainlandChinaDailyLimit", "LimitExceeded.DailyLimit",
    ),
}  # fmt: skip
_SETUP = {
    "signature": ("FailedOperation.SignatureIncorrectOrUnapproved", "FailedOperation.MissingSignature"),
    "template": (
        "FailedOperation.TemplateIncorrectOrUnapproved", "FailedOperation.TemplateUnapprovedOrNotExist",
        "FailedOperation.TemplateIdNotExist", "FailedOperation.MissingTemplateList",
        "InvalidParameterValue.UnsupportedTemplateVariable",
    ),
    "balance": (
        "FailedOperation.InsufficientBalanceInSmsPackage", "UnauthorizedOperation.ServiceSuspendDueToArrears",
    ),
    "app": (
        "InvalidParameterValue.SdkAppIdNotExist", "UnauthorizedOperation.SmsSdkAppIdVerifyFail",
        "UnauthorizedOperation.SdkAppIdIsDisabled", "InvalidParameter.AppidAndBizId",
    ),
    "ip_list": ("UnauthorizedOperation.RequestIpNotInWhitelist",),
    "permission": (
        "UnauthorizedOperation.RequestPermissionDeny", "AuthFailure.UnauthorizedOperation", "UnauthorizedOperation",
        "UnauthorizedOperation.IndividualUserMarketingSmsPermissionDeny", "FailedOperation.NotEnterpriseCertification",
    ),
    "key": (
        "AuthFailure.SecretIdNotFound", "AuthFailure.SignatureFailure", "AuthFailure.TokenFailure",
        "AuthFailure.InvalidSecretId", "AuthFailure", "InternalError.SigVerificationFail",
        "InternalError.SigFieldMissing", "AuthFailure.InvalidAuthorization",
    ),
    "clock": ("AuthFailure.SignatureExpire", "InternalError.RequestTimeException"),
}  # fmt: skip
_LATER = {
    "LimitExceeded.PhoneNumberThirtySecondLimit": Verdict("retry", "limit_seconds", 60),
    "LimitExceeded.PhoneNumberOneHourLimit": Verdict("retry", "limit_hour", 3600),
    "LimitExceeded.DeliveryFrequencyLimit": Verdict("retry", "limit_seconds", 60),
    "RequestLimitExceeded": Verdict("retry", "limit_seconds", 10),
}
VERDICTS: dict[str, Verdict] = {
    **{code: Verdict("refused", advice) for advice, codes in _REFUSED.items() for code in codes},
    **{code: Verdict("retry", advice, SETUP) for advice, codes in _SETUP.items() for code in codes},
    **_LATER,
}
# Codes that the list does not name, by their first word. What the gateway's inside broke on may have gone out.
_FAMILIES = {
    "AuthFailure": Verdict("retry", "key", SETUP),
    "UnauthorizedOperation": Verdict("retry", "permission", SETUP),
    "LimitExceeded": Verdict("retry", "limit_seconds", 300),
    "RequestLimitExceeded": Verdict("retry", "limit_seconds", 10),
    "InvalidParameter": Verdict("refused", "bad_request"),
    "InvalidParameterValue": Verdict("refused", "bad_request"),
    "MissingParameter": Verdict("refused", "bad_request"),
    "UnknownParameter": Verdict("refused", "bad_request"),
    "UnsupportedOperation": Verdict("refused", "bad_request"),
    "FailedOperation": Verdict("refused", "bad_request"),
    "InternalError": Verdict("unknown", "gateway_error"),
}
OTHER = Verdict("unknown", "other")


def verdict(code: str) -> Verdict:
    """What to do after that code, and which advice to show; a code nobody knows means "perhaps it went out"."""
    return VERDICTS.get(code) or _FAMILIES.get(code.split(".")[0], OTHER)
