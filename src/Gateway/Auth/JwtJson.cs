using System.Text.Json;

namespace FastPush.Gateway.Auth;

/// <summary>How the JSON of a token is read.</summary>
internal static class JwtJson
{
    /// <summary>Most bytes that JSON spends on one byte of a string (<c>\u0041</c>).</summary>
    public const int EscapedBytesPerByte = 6;

    public static readonly JsonReaderOptions Options = new() { MaxDepth = 16, CommentHandling = JsonCommentHandling.Disallow };
}
