using FastPush.Gateway.Auth;

namespace FastPush.Gateway.Transport;

/// <summary>
/// Feature of a connection whose upgrade was accepted: who came, if the request said so, the 101 response that is still to be sent,
/// since when it is waited for CONNECT, and whether nothing was sent on the connection before.
/// </summary>
internal sealed record AcceptedUpgrade(Principal? Principal, byte[] Response, long AcceptedMs, bool IsFirst);
