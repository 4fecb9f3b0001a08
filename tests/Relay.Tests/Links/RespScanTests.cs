using System.Buffers;
using System.Globalization;
using System.Text;
using FastPush.Protocol;
using FastPush.Protocol.Tests;
using FastPush.Relay.Resp;

namespace FastPush.Relay.Tests.Links;

public sealed class RespScanTests
{
    private const int BytesMax = 4096;

    [Theory]
    [InlineData("+OK\r\n", "SimpleString:OK")]
    [InlineData("+\r\n", "SimpleString:")]
    [InlineData("-WRONGPASS no\r\n", "SimpleError:WRONGPASS no")]
    [InlineData(":0\r\n", "Integer:0")]
    [InlineData(":+17\r\n", "Integer:17")]
    [InlineData(":-9223372036854775808\r\n", "Integer:-9223372036854775808")]
    [InlineData(":9223372036854775807\r\n", "Integer:9223372036854775807")]
    [InlineData("$0\r\n\r\n", "")]
    [InlineData("$5\r\na\r\nbc\r\n", "a\r\nbc")]
    [InlineData("$-1\r\n", "null")]
    [InlineData("*-1\r\n", "null")]
    [InlineData("_\r\n", "null")]
    [InlineData("#t\r\n", "Boolean:1")]
    [InlineData("#f\r\n", "Boolean:0")]
    [InlineData(",3.25\r\n", "Double:3.25")]
    [InlineData(",-inf\r\n", "Double:-inf")]
    [InlineData("(3492890328409238509324850943850943825024385\r\n", "BigNumber:3492890328409238509324850943850943825024385")]
    [InlineData("!3\r\nERR\r\n", "BulkError:ERR")]
    [InlineData("=7\r\ntxt:abc\r\n", "VerbatimString:txt:abc")]
    [InlineData("*0\r\n", "array[]")]
    [InlineData("*2\r\n:1\r\n*1\r\n$1\r\nx\r\n", "array[integer:1|array[x]]")]
    [InlineData("%1\r\n+k\r\n:2\r\n", "map[simplestring:k|integer:2]")]
    [InlineData("~1\r\n_\r\n", "set[null]")]
    [InlineData(">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$2\r\nab\r\n", "push[message|c|ab]")]
    [InlineData("|1\r\n+k\r\n*1\r\n:1\r\n:5\r\n", "Integer:5")]
    [InlineData("*2\r\n|1\r\n+k\r\n|1\r\n+a\r\n+b\r\n+v\r\n:5\r\n:6\r\n", "array[integer:5|integer:6]")]
    public void A_frame_reads_the_same_however_it_is_cut(string frame, string expected)
    {
        foreach (var segmentBytes in new[] { 1, 2, 3, 1000 })
        {
            Assert.Equal([expected.Length == 0 ? "(empty)" : expected, "left 0"], Read(frame, segmentBytes));
        }
    }

    [Fact]
    public void Frames_follow_each_other() =>
        Assert.Equal(
            ["SimpleString:PONG", "push[subscribe|c|integer:1]", "Integer:0", "left 0"],
            Read("+PONG\r\n>3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n:0\r\n", 1000));

    [Theory]
    [InlineData("HTTP/1.1 400 Bad Request\r\n")]
    [InlineData("H")]
    [InlineData("\r\n")]
    [InlineData("+a\n")]
    [InlineData("+a\rb\r\n")]
    [InlineData(":\r\n")]
    [InlineData(":-\r\n")]
    [InlineData(":1x\r\n")]
    [InlineData(":9223372036854775808\r\n")]
    [InlineData(":-9223372036854775809\r\n")]
    [InlineData(":000000000000000000000\r\n")]
    [InlineData("$\r\n")]
    [InlineData("$-2\r\n")]
    [InlineData("$3\r\nabcd\r\n")]
    [InlineData("$3\r\nabc\n\r")]
    [InlineData("*?\r\n")]
    [InlineData("%-1\r\n")]
    [InlineData(">-1\r\n")]
    [InlineData("!-1\r\n")]
    [InlineData("_x\r\n")]
    [InlineData("#\r\n")]
    [InlineData("#x\r\n")]
    [InlineData("*1\r\nx")]
    public void What_is_not_RESP3_is_malformed_however_it_is_cut(string input)
    {
        foreach (var segmentBytes in new[] { 1, 3, 1000 })
        {
            Assert.StartsWith("Malformed", Read(input, segmentBytes)[^1], StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("$4096\r\n")]
    [InlineData("$9223372036854775807\r\n")]
    [InlineData("*1000000000\r\n")]
    [InlineData("%9223372036854775807\r\n")]
    [InlineData("|9223372036854775807\r\n")]
    [InlineData("*2\r\n*1300\r\n*1300\r\n")]
    [InlineData("*3\r\n$2000\r\n")]
    public void What_is_too_large_is_refused_before_it_comes(string head)
    {
        // The last case is legal up to there: its second string makes it too large.
        var input = head.StartsWith("*3", StringComparison.Ordinal) ? head + new string('x', 2000) + "\r\n$2100\r\n" : head;
        Assert.StartsWith("TooLarge", Read(input, 1000)[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_without_an_end_is_too_large_at_some_point()
    {
        var scan = new RespScan();
        var bytes = Encoding.ASCII.GetBytes("+" + new string('x', RespLine.BytesMax + 1));
        Assert.Equal(ParseStatus.TooLarge, scan.TryRead(new ReadOnlySequence<byte>(bytes), long.MaxValue / 4, out _));
    }

    [Fact]
    public void Depth_does_not_cost_stack()
    {
        var scan = new RespScan();
        var text = new StringBuilder();
        for (var i = 0; i < 200_000; i++)
        {
            text.Append("*1\r\n");
        }

        var bytes = Encoding.ASCII.GetBytes(text.Append("|1\r\n:1\r\n:2\r\n:3\r\n").ToString());
        Assert.Equal(ParseStatus.Done, scan.TryRead(new ReadOnlySequence<byte>(bytes), bytes.Length, out var length));
        Assert.Equal(bytes.Length, length);
        var reader = new RespReader(new ReadOnlySequence<byte>(bytes));
        reader.Skip();
        Assert.Equal(3, reader.Number);
    }

    [Fact]
    public void Random_frames_in_random_pieces_are_found_whole()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var frames = Enumerable.Range(0, 5).Select(_ => Frame(random, 3)).ToArray();
            var input = Encoding.Latin1.GetBytes(string.Concat(frames));
            var found = new List<string>();
            var scan = new RespScan();
            int start = 0, end = 0;
            while (start < input.Length)
            {
                var buffer = RespText.Segmented(input.AsSpan(start, end - start), random.Next(1, 20));
                var status = end == start ? ParseStatus.NeedMore : scan.TryRead(buffer, int.MaxValue, out _);
                if (status == ParseStatus.NeedMore)
                {
                    end = Math.Min(input.Length, end + random.Next(1, 40));
                    continue;
                }

                Assert.Equal(ParseStatus.Done, status);
                var length = frames[found.Count].Length;
                found.Add(Encoding.Latin1.GetString(input.AsSpan(start, length)));
                start += length;
            }

            Assert.Equal(frames, found);
        }
    }

    [Fact]
    public void Hostile_bytes_never_throw_and_what_is_taken_for_a_frame_can_be_read()
    {
        const string Alphabet = "+-:$*_#,(!=%~>|\r\n\r\n0123456789-tfx";
        var done = 0;
        for (var seed = 0; seed < 20_000; seed++)
        {
            var random = new Random(seed);
            var input = seed % 2 == 0
                ? Encoding.Latin1.GetBytes(Frame(random, 3))
                : [.. Enumerable.Range(0, random.Next(1, 60)).Select(_ => (byte)Alphabet[random.Next(Alphabet.Length)])];
            for (var changes = random.Next(4); changes > 0; changes--)
            {
                input[random.Next(input.Length)] = (byte)Alphabet[random.Next(Alphabet.Length)];
            }

            var buffer = RespText.Segmented(input, random.Next(1, input.Length + 1));
            var scan = new RespScan();
            if (scan.TryRead(buffer, BytesMax, out var length) == ParseStatus.Done)
            {
                Assert.InRange(length, 1, input.Length);
                Assert.NotNull(RespText.Describe(buffer.Slice(0, length)));
                var reader = new RespReader(buffer.Slice(0, length));
                reader.Skip();
                done++;
            }
        }

        Assert.InRange(done, 1000, 19_000);
    }

    [Fact]
    public void Finding_and_reading_a_push_allocates_nothing()
    {
        var bytes = Encoding.ASCII.GetBytes($">3\r\n$7\r\nmessage\r\n$14\r\npush:relay:2:1\r\n$9000\r\n{new string('x', 9000)}\r\n");
        var whole = new ReadOnlySequence<byte>(bytes);
        var cut = RespText.Segmented(bytes, 4096);
        var payload = 0L;
        Assert.Equal(0, Allocations.Least(() => payload = Run(whole, cut, 1000)));
        Assert.Equal(1000 * 2 * 9000, payload);

        static long Run(in ReadOnlySequence<byte> whole, in ReadOnlySequence<byte> cut, int times)
        {
            var bytes = 0L;
            var scan = new RespScan();
            for (var i = 0; i < times * 2; i++)
            {
                var buffer = i % 2 == 0 ? whole : cut;
                scan.TryRead(buffer.Slice(0, 100), int.MaxValue, out _);
                scan.TryRead(buffer, int.MaxValue, out var length);
                var reader = new RespReader(buffer.Slice(0, length));
                reader.Read();
                reader.Read();
                reader.Skip();
                reader.Read();
                bytes += reader.Bytes.Length;
            }

            return bytes;
        }
    }

    private static IReadOnlyList<string> Read(string input, int segmentBytes) =>
        Splits.CheckStateful(Encoding.Latin1.GetBytes(input), () =>
        {
            var scan = new RespScan();
            return bytes =>
            {
                if (bytes.IsEmpty)
                {
                    return new ReadStep(ParseStatus.NeedMore, 0, "");
                }

                var buffer = RespText.Segmented(bytes, segmentBytes);
                var status = scan.TryRead(buffer, BytesMax, out var length);
                var seen = status == ParseStatus.Done ? RespText.Describe(buffer.Slice(0, length)) : "";
                return new ReadStep(status, (int)length, status == ParseStatus.Done && seen.Length == 0 ? "(empty)" : seen);
            };
        });

    private static string Frame(Random random, int depth)
    {
        var count = random.Next(4);
        var text = new string('y', random.Next(30));
        string Children(int number) => string.Concat(Enumerable.Range(0, number).Select(_ => Frame(random, depth - 1)));
        return random.Next(depth > 0 ? 12 : 7) switch
        {
            0 => $"+{text}\r\n",
            1 => string.Create(CultureInfo.InvariantCulture, $":{random.Next()}\r\n"),
            2 => $"${text.Length}\r\n{text}\r\n",
            3 => "_\r\n",
            4 => "#t\r\n",
            5 => $",{count}.5\r\n",
            6 => $"={text.Length}\r\n{text}\r\n",
            7 => $"*{count}\r\n{Children(count)}",
            8 => $">{count}\r\n{Children(count)}",
            9 => $"%{count}\r\n{Children(count * 2)}",
            10 => $"|{count}\r\n{Children(count * 2)}:1\r\n",
            _ => $"~{count}\r\n{Children(count)}",
        };
    }
}
