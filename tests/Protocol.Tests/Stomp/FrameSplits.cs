using System.Text;
using FastPush.Protocol.Stomp;

namespace FastPush.Protocol.Tests.Stomp;

/// <summary>
/// Feeds bytes to <see cref="FrameReader"/> in pieces, as a connection does, and writes down what it answers: a line for each
/// frame, then how it ended.
/// </summary>
internal static class FrameSplits
{
    private static readonly string[] Trailing = ["\n", "\r\n", "\0", "x", "SEND\n\n\0", "\r", "\\", "\n\n:"];

    /// <summary>Reads the bytes whole, in every two pieces, byte by byte and with others after them; all must agree.</summary>
    internal static string[] Read(byte[] bytes, StompVersion version = StompVersion.V12, ProtocolLimits? limits = null)
    {
        limits ??= ProtocolLimits.Default;
        string[] whole = ReadPieces([bytes], version, limits);
        for (int cut = 1; cut < bytes.Length; cut++)
        {
            Assert.Equal(whole, ReadPieces([bytes[..cut], bytes[cut..]], version, limits));
        }

        Assert.Equal(whole, ReadPieces([.. bytes.Select(b => new[] { b })], version, limits));
        CheckTrailing(whole, bytes, version, limits);
        return whole;
    }

    internal static string[] Read(string text, StompVersion version = StompVersion.V12, ProtocolLimits? limits = null) =>
        Read(Encoding.UTF8.GetBytes(text), version, limits);

    internal static string[] ReadPieces(IReadOnlyList<byte[]> pieces, StompVersion version, ProtocolLimits limits)
    {
        var answers = new List<string>();
        var scan = default(FrameScan);
        byte[] pending = [];
        foreach (byte[] piece in pieces)
        {
            pending = [.. pending, .. piece];
            ParseStatus status = ReadPending(ref scan, ref pending, version, limits, answers);
            if (status != ParseStatus.NeedMore)
            {
                return [.. answers];
            }
        }

        answers.Add($"NeedMore {pending.Length}");
        return [.. answers];
    }

    private static ParseStatus ReadPending(
        ref FrameScan scan, ref byte[] pending, StompVersion version, ProtocolLimits limits, List<string> answers)
    {
        while (true)
        {
            FrameScan fresh = default;
            ParseStatus expected = FrameReader.TryRead(
                ref fresh, pending, version, limits, out StompFrame again, out int freshConsumed, out ProtocolFault freshFault);
            string expectedText = Describe(again);
            ParseStatus status = FrameReader.TryRead(
                ref scan, pending, version, limits, out StompFrame frame, out int consumed, out ProtocolFault fault);
            string text = Describe(frame);

            // A resumed search must find what a search from the start finds.
            Assert.Equal((expected, freshConsumed, freshFault, expectedText), (status, consumed, fault, text));
            Assert.InRange(consumed, 0, pending.Length);
            Assert.Equal(status is ParseStatus.Malformed or ParseStatus.TooLarge, fault != ProtocolFault.None);
            switch (status)
            {
                case ParseStatus.Done:
                    Assert.Equal(default, scan);
                    Assert.True(consumed > 0);
                    answers.Add(text);
                    break;
                case ParseStatus.NeedMore:
                    pending = pending[consumed..];
                    return status;
                default:
                    Assert.Equal(0, consumed);
                    answers.Add($"{status} {fault} {text}");
                    return status;
            }

            pending = pending[consumed..];
        }
    }

    // Frames and faults already seen stay as they are whatever comes next.
    private static void CheckTrailing(string[] whole, byte[] bytes, StompVersion version, ProtocolLimits limits)
    {
        bool open = whole[^1].StartsWith("NeedMore", StringComparison.Ordinal);
        foreach (string trailing in Trailing)
        {
            string[] longer = ReadPieces([[.. bytes, .. Encoding.UTF8.GetBytes(trailing)]], version, limits);
            if (open)
            {
                Assert.Equal(whole[..^1], longer[..(whole.Length - 1)]);
            }
            else
            {
                Assert.Equal(whole, longer);
            }
        }
    }

    private static string Describe(in StompFrame frame)
    {
        var text = new StringBuilder(frame.Command.ToString());
        int count = 0;
        foreach (StompHeader header in frame)
        {
            count++;
            text.Append('|').Append(Latin1(header.Name)).Append('=').Append(Latin1(header.Value));
            Assert.Equal(Latin1(header.Line), Latin1(header.Name) + ":" + Latin1(header.Value));
        }

        Assert.Equal(count, frame.HeaderCount);
        return text.Append("|>").Append(Latin1(frame.Body)).ToString();
    }

    private static string Latin1(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);
}
