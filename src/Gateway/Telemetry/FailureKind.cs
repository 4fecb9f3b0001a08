namespace FastPush.Gateway.Telemetry;

/// <summary>Why a message was not delivered; the tag of <c>push.messages.failed</c>.</summary>
internal enum FailureKind
{
    Unacknowledged,
    Overflow,
    OfflineFull,
    Expired,
    Refused,
}
