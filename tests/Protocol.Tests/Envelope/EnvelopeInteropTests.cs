using System.Text;
using System.Text.Json;
using FastPush.Protocol.Envelope;

namespace FastPush.Protocol.Tests.Envelope;

/// <summary>Both ways against @msgpack/msgpack, which shares no code with ours. Needs node and npm.</summary>
public class EnvelopeInteropTests(NodePeer peer) : IClassFixture<NodePeer>
{
    // Numbers at the edges of each integer format; the last ones are beyond what a double holds.
    private static readonly long[] Numbers =
    [
        0, 127, 128, 255, 256, 65535, 65536, 4294967295, 4294967296, 1_700_000_000_000, (1L << 53) - 1,
        -1, -32, -33, -128, -129, -32768, -32769, int.MinValue, int.MinValue - 1L, (1L << 53) + 1, long.MaxValue, long.MinValue,
    ];

    private static readonly int[] Lengths = [0, 31, 32, 255, 256, 65535, 65536];

    [Fact]
    public async Task NodeReadsWhatWeWrite()
    {
        string[][] cases = [.. Cases()];
        string[] decoded = await peer.RunAsync("decode", cases.Select(Write));
        Assert.Equal(cases, decoded.Select(line => JsonSerializer.Deserialize<string[]>(line)));
    }

    [Fact]
    public async Task WeReadWhatNodeWritesWithWideIntegers()
    {
        string[][] cases = [.. Cases()];
        string[] encoded = await peer.RunAsync("encode-bigint", cases.Select(fields => JsonSerializer.Serialize(fields)));
        Assert.Equal(cases, encoded.Select(Read));
    }

    [Fact]
    public async Task NodeChoosesTheSameShortestBytes()
    {
        string[][] cases = [.. Cases().Where(fields => Math.Abs((decimal)Number(fields[2])) < 1L << 53)];
        Assert.True(cases.Length > Lengths.Length + 15);
        string[] encoded = await peer.RunAsync("encode", cases.Select(fields => JsonSerializer.Serialize(fields)));
        Assert.Equal(cases, encoded.Select(Read));
        Assert.Equal(cases.Select(Write), encoded);
    }

    private static IEnumerable<string[]> Cases()
    {
        foreach (long number in Numbers)
        {
            yield return Fields(1023, number, "/topic/\u20AC", number, 0, 3, "", "", "00FF");
        }

        foreach (int length in Lengths)
        {
            string text = new('t', length);
            string bytes = string.Concat(Enumerable.Repeat("C1", length));
            yield return Fields(0, 1, text, 2, 3, 0, text, bytes, bytes);
        }
    }

    private static string[] Fields(
        int origin, long id, string destination, long timestamp, long expires, int flags, string user, string headers, string body) =>
    [
        "int:1", $"int:{origin}", $"int:{id}", $"str:{destination}", $"int:{timestamp}", $"int:{expires}", $"int:{flags}",
        $"str:{user}", $"bin:{headers}", $"bin:{body}",
    ];

    private static string Write(string[] fields)
    {
        var envelope = new RelayEnvelope
        {
            OriginServerId = (int)Number(fields[1]),
            MessageId = Number(fields[2]),
            Destination = Encoding.UTF8.GetBytes(fields[3][4..]),
            TimestampMs = Number(fields[4]),
            ExpiresAtMs = Number(fields[5]),
            Flags = (RelayFlags)Number(fields[6]),
            User = Encoding.UTF8.GetBytes(fields[7][4..]),
            HeaderLines = Convert.FromHexString(fields[8][4..]),
            Body = Convert.FromHexString(fields[9][4..]),
        };
        var buffer = new byte[envelope.Size];
        return Convert.ToHexString(buffer, 0, envelope.Write(buffer));
    }

    private static string[] Read(string hex)
    {
        byte[] bytes = Convert.FromHexString(hex);
        Assert.Equal(ParseStatus.Done, RelayEnvelope.TryRead(bytes, out RelayEnvelope read, out int consumed));
        Assert.Equal(bytes.Length, consumed);
        return Fields(
            read.OriginServerId,
            read.MessageId,
            Encoding.UTF8.GetString(read.Destination),
            read.TimestampMs,
            read.ExpiresAtMs,
            (int)read.Flags,
            Encoding.UTF8.GetString(read.User),
            Convert.ToHexString(read.HeaderLines),
            Convert.ToHexString(read.Body));
    }

    private static long Number(string field) => long.Parse(field.AsSpan(4), provider: null);
}
