using System.Buffers;
using System.Buffers.Text;

namespace FastPush.Gateway.Auth;

/// <summary>
/// base64url as JWS wants it (RFC 7515 section 2, RFC 4648 section 5): no padding, no white space, unused bits zero. So each
/// value has one spelling, and a token cannot be respelled past a comparison of its text.
/// </summary>
internal static class StrictBase64Url
{
    private static readonly SearchValues<byte> Alphabet =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"u8);

    public static int DecodedBytesMax(int textBytes) => (int)((long)textBytes * 3 / 4);

    /// <summary><paramref name="destination"/> holds at least <see cref="DecodedBytesMax"/>. The empty text is refused.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> text, Span<byte> destination, out int written)
    {
        written = 0;
        if (text.IsEmpty || text.Length % 4 == 1 || text.ContainsAnyExcept(Alphabet))
        {
            return false;
        }

        // The framework's decoder refuses unused bits that are not zero; white space and padding it would take.
        return Base64Url.DecodeFromUtf8(text, destination, out var consumed, out written) == OperationStatus.Done
            && consumed == text.Length;
    }
}
