using System.Buffers.Text;

namespace FastPush.Gateway.Auth;

/// <summary>
/// Whole numbers in JSON, however they are written: JSON has numbers, not integers, and <c>60</c>, <c>60.0</c> and <c>6e1</c> are one of
/// them (RFC 8259 section 6). Many languages' serializers write the second.
/// </summary>
internal static class JsonWhole
{
    /// <summary>Takes the text of a JSON number; false when its value is not whole, or no <see cref="int"/>.</summary>
    public static bool TryRead(ReadOnlySpan<byte> number, out int value)
    {
        value = 0;
        if (!Utf8Parser.TryParse(number, out double read, out var used) || used != number.Length
            || read is not (>= int.MinValue and <= int.MaxValue) || read != Math.Truncate(read))
        {
            return false;
        }

        value = (int)read; // Exact: a double holds all whole numbers to 2^53.
        return true;
    }
}
