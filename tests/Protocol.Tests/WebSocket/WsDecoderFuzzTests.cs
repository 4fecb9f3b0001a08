using System.Text;
using FastPush.Protocol.WebSocket;

namespace FastPush.Protocol.Tests.WebSocket;

/// <summary>Random streams, legal and damaged, in random pieces: whatever the decoder says of the whole it says of the pieces.</summary>
public class WsDecoderFuzzTests
{
    private static readonly ProtocolLimits Limits = new() { FrameBytes = 100_000, Headers = 0, HeaderLineBytes = 0 };

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Legal_streams_are_read_to_their_end(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 100; round++)
        {
            var (stream, messages) = LegalStream(random);

            var whole = Splits.Run(stream, DecoderReader.Fresh(Limits), [stream.Length]);

            Assert.Equal("left 0", whole[^1]);
            Assert.Equal(messages, whole.Count - 1);
            AssertRandomPieces(stream, whole, random, $"seed {seed}, round {round}");
        }
    }

    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    [InlineData(14)]
    public void Damaged_streams_end_with_the_same_fault(int seed)
    {
        var random = new Random(seed);
        var faults = 0;
        for (var round = 0; round < 200; round++)
        {
            var (stream, _) = LegalStream(random);
            for (var damage = random.Next(4); damage >= 0; damage--)
            {
                stream[random.Next(Math.Min(stream.Length, 600))] ^= (byte)(1 << random.Next(8));
            }

            var whole = Splits.Run(stream, DecoderReader.Fresh(Limits), [stream.Length]);

            faults += whole[^1].StartsWith("left", StringComparison.Ordinal) ? 0 : 1;
            AssertRandomPieces(stream, whole, random, $"seed {seed}, round {round}");
        }

        Assert.InRange(faults, 20, 200);
    }

    [Theory]
    [InlineData(21)]
    [InlineData(22)]
    public void Noise_is_no_exception_and_the_same_over_every_cut(int seed)
    {
        var random = new Random(seed);
        byte[] firsts = [0x00, 0x01, 0x02, 0x80, 0x81, 0x82, 0x88, 0x89, 0x8A];
        var seen = new HashSet<string>();
        for (var round = 0; round < 1000; round++)
        {
            var noise = new byte[random.Next(2, 40)];
            random.NextBytes(noise);
            noise[0] = firsts[random.Next(firsts.Length)];
            noise[1] = (byte)(0x80 | (random.Next(2) == 0 ? random.Next(8) : random.Next(128)));

            seen.Add(Splits.CheckStateful(noise, () => DecoderReader.Fresh(Limits))[^1].Split(' ')[^1]);
        }

        Assert.Contains(nameof(ProtocolFault.UnexpectedContinuation), seen);
        Assert.Contains(nameof(ProtocolFault.InvalidUtf8), seen);
        Assert.Contains(nameof(ProtocolFault.ControlTooLong), seen);
        Assert.Contains(nameof(ProtocolFault.ReservedBits), seen);
    }

    private static void AssertRandomPieces(byte[] stream, IReadOnlyList<string> whole, Random random, string how)
    {
        for (var run = 0; run < 3; run++)
        {
            var ends = new List<int>();
            for (var end = 0; end < stream.Length;)
            {
                end = Math.Min(stream.Length, end + (random.Next(4) == 0 ? random.Next(5000) : random.Next(12)));
                ends.Add(end);
            }

            var pieces = Splits.Run(stream, DecoderReader.Fresh(Limits), ends);
            Assert.True(whole.SequenceEqual(pieces), $"{how}: {string.Join(", ", pieces)} instead of {string.Join(", ", whole)}");
        }
    }

    private static (byte[] Stream, int Elements) LegalStream(Random random)
    {
        var stream = new List<byte>();
        var elements = 0;
        for (var message = random.Next(1, 6); message > 0; message--)
        {
            elements++;
            var isText = random.Next(2) == 0;
            var payload = isText ? RandomText(random) : RandomBytes(random, RandomLength(random));
            var opcode = isText ? WsOpcode.Text : WsOpcode.Binary;
            var start = 0;
            for (var fragments = random.Next(4); fragments > 0; fragments--)
            {
                var length = random.Next(payload.Length - start + 1);
                stream.AddRange(ClientFrame.Make(opcode, payload.AsSpan(start, length), fin: false, key: (uint)random.Next()));
                start += length;
                opcode = WsOpcode.Continuation;
                if (random.Next(2) == 0)
                {
                    elements++;
                    var control = random.Next(2) == 0 ? WsOpcode.Ping : WsOpcode.Pong;
                    stream.AddRange(ClientFrame.Make(control, RandomBytes(random, random.Next(126))));
                }
            }

            stream.AddRange(ClientFrame.Make(opcode, payload.AsSpan(start), key: (uint)random.Next()));
        }

        return ([.. stream], elements);
    }

    private static int RandomLength(Random random) => random.Next(20) switch
    {
        0 => random.Next(65_530, 65_545),
        < 4 => random.Next(120, 132),
        _ => random.Next(300),
    };

    private static byte[] RandomText(Random random)
    {
        string[] characters = ["a", "é", "€", "😀", "\0"];
        var count = RandomLength(random) / 4;
        return Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, count).Select(_ => characters[random.Next(characters.Length)])));
    }

    private static byte[] RandomBytes(Random random, int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }
}
