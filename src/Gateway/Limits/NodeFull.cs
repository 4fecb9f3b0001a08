using System.Buffers;
using FastPush.Gateway.Sessions;
using FastPush.Gateway.Transport;

namespace FastPush.Gateway.Limits;

/// <summary>What is said to those for whom there is no place.</summary>
internal static class NodeFull
{
    /// <summary>For people.</summary>
    public const string Detail = "This node is full (FastPush:Limits:Connections). Connect again later, or to another node.";

    private static readonly byte[] s_response = MakeResponse();

    /// <summary>A complete HTTP response, for who asked nothing yet.</summary>
    public static ReadOnlySpan<byte> Response => s_response;

    /// <summary>The last words to a session that never showed a token, when a newcomer needs its place.</summary>
    public static CloseNotice Evicted => new()
    {
        Code = 1013,
        Message = "overload",
        Detail = "This connection has not shown a token, and its place was needed (FastPush:Limits:UnprovenConnections). Connect again.",
    };

    private static byte[] MakeResponse()
    {
        var response = new ArrayBufferWriter<byte>();
        UpgradeGate.RefuseFull(response);
        return response.WrittenSpan.ToArray();
    }
}
