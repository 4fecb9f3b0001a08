using System.Text;
using FastPush.Protocol.Stomp;

namespace FastPush.Protocol.Tests.Stomp;

public class FrameReaderFuzzTests
{
    private static readonly string[] Seeds =
    [
        "CONNECT\naccept-version:1.2\nhost:h\nheart-beat:0,0\n\n\0",
        "SEND\ndestination:/topic/a\ncontent-length:5\n\nhello\0",
        "SEND\r\ndestination:/topic/a\r\nx:\\c\\n\\\\\r\n\r\nbody\0\r\n",
        "\n\nSUBSCRIBE\nid:0\ndestination:/user/queue/q\nack:client\n\n\0",
        "ACK\nid:12\ntransaction:t\n\n\0NACK\nid:13\n\n\0",
        "SEND\ncontent-length:4\n\n\0\0\0\0\0UNSUBSCRIBE\nid:0\n\n\0",
        "BEGIN\ntransaction:t\n\n\0COMMIT\ntransaction:t\n\n\0DISCONNECT\nreceipt:\u20AC\n\n\0",
    ];

    private static readonly byte[] Telling = [0, (byte)'\n', (byte)'\r', (byte)':', (byte)'\\', (byte)'9', 0xC3, 0xFF];

    [Theory]
    [InlineData(1)]
    [InlineData(20260)]
    [InlineData(777)]
    public void MutatedFramesGetOneAnswerHoweverTheyAreCut(int seed)
    {
        var random = new Random(seed);
        var limits = new ProtocolLimits { FrameBytes = 24, Headers = 4, HeaderLineBytes = 28 };
        var outcomes = new HashSet<string>();
        for (int round = 0; round < 2000; round++)
        {
            byte[] bytes = Mutate(random, Encoding.UTF8.GetBytes(Seeds[random.Next(Seeds.Length)] + Seeds[random.Next(Seeds.Length)]));
            var version = (StompVersion)random.Next(3);
            string[] whole = FrameSplits.ReadPieces([bytes], version, limits);
            outcomes.Add(string.Join(' ', whole[^1].Split(' ').Take(2)));
            for (int cuts = 0; cuts < 3; cuts++)
            {
                string[] cut = FrameSplits.ReadPieces(Cut(random, bytes), version, limits);
                Assert.True(whole.SequenceEqual(cut), $"seed {seed}, round {round}: {Convert.ToHexString(bytes)}");
            }
        }

        // A fuzz that only ever met one fault would prove little.
        Assert.True(outcomes.Count(o => !o.StartsWith("NeedMore", StringComparison.Ordinal)) >= 10, string.Join(", ", outcomes));
    }

    private static byte[] Mutate(Random random, byte[] frame)
    {
        var bytes = frame.ToList();
        for (int times = random.Next(4); times > 0; times--)
        {
            int at = random.Next(bytes.Count);
            byte value = random.Next(2) == 0 ? Telling[random.Next(Telling.Length)] : (byte)random.Next(256);
            switch (random.Next(4))
            {
                case 0:
                    bytes[at] = value;
                    break;
                case 1:
                    bytes.Insert(at, value);
                    break;
                case 2:
                    bytes.RemoveAt(at);
                    break;
                default:
                    bytes.InsertRange(at, bytes.GetRange(at, random.Next(Math.Min(30, bytes.Count - at))));
                    break;
            }
        }

        return [.. bytes];
    }

    private static List<byte[]> Cut(Random random, byte[] bytes)
    {
        var pieces = new List<byte[]>();
        int longest = 1 + random.Next(12);
        for (int at = 0; at < bytes.Length;)
        {
            int end = Math.Min(bytes.Length, at + 1 + random.Next(longest));
            pieces.Add(bytes[at..end]);
            at = end;
        }

        return pieces;
    }
}
