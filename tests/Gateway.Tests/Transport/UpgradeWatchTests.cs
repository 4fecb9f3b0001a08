using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using FastPush.Gateway.Lifecycle;
using FastPush.Gateway.Tests.Testing;
using FastPush.Gateway.Transport;
using FastPush.Protocol;
using FastPush.Protocol.Buffers;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace FastPush.Gateway.Tests.Transport;

/// <summary>The watch between a connection and a server that the test plays.</summary>
[Collection(NodeCollection.Name)]
public sealed class UpgradeWatchTests : IConnectionHeartbeatFeature, IAsyncDisposable
{
    private const string Get = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
    private const string Post = "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 8\r\n\r\nGET /sto";
    private const string Chunked = "PUT /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nGET /stom\r\n0\r\n\r\n";

    private readonly ManualTimeProvider _time = new();
    private readonly Pipe _input = new(new PipeOptions(minimumSegmentSize: 16, pauseWriterThreshold: 0, useSynchronizationContext: false));
    private readonly Pipe _output = new();
    private readonly Connection _connection = new();
    private readonly HandshakeWatch _deadlines;
    private readonly Clock _clock;
    private readonly List<(Action<object> Action, object State)> _beats = [];
    private readonly UpgradeWatch _watch;
    private bool _isOver;

    public UpgradeWatchTests()
    {
        _clock = new Clock(_time);
        _deadlines = new HandshakeWatch(_clock, timeoutMs: 1000);
        _connection.Transport = new Duplex(_input.Reader, _output.Writer);
        _connection.Features.Set<IConnectionHeartbeatFeature>(this);
        _watch = new UpgradeWatch(_connection, new ProtocolLimits(), _deadlines);
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    void IConnectionHeartbeatFeature.OnHeartbeat(Action<object> action, object state) => _beats.Add((action, state));

    private async Task WriteAsync(string text)
    {
        _input.Writer.Write(Encoding.Latin1.GetBytes(text));
        await _input.Writer.FlushAsync();
    }

    // What a server takes now, in whole lines, up to the end if it is told of one.
    private string Take()
    {
        var taken = "";
        while (_watch.TryRead(out var result))
        {
            var text = Encoding.Latin1.GetString(result.Buffer);
            var length = text.LastIndexOf('\n') + 1;
            taken += text[..length];
            _watch.AdvanceTo(result.Buffer.GetPosition(length), result.Buffer.End);
            if (result.IsCompleted)
            {
                Assert.Equal("", text);
                _isOver = true;
                break;
            }
        }

        return taken;
    }

    [Fact]
    public async Task In_whatever_pieces_bytes_come_the_server_gets_all_in_front_of_the_upgrade_and_the_rest_stays()
    {
        var random = new Random(26);
        var rented = BytePool.OutstandingBytes;
        for (var round = 0; round < 300; round++)
        {
            await using var test = new UpgradeWatchTests();
            var http = string.Concat(Enumerable.Range(0, random.Next(1, 5)).Select(_ => random.Next(4) switch
            {
                0 => Get,
                1 => Post + "\r\n", // An empty line, as old clients send it behind a body.
                2 => Chunked,
                _ => "\r\n" + Get,
            }));
            var rest = RawClient.Upgrade() + "frames";
            var all = http + rest;
            var seen = "";
            for (var at = 0; at < all.Length;)
            {
                var length = Math.Min(random.Next(1, round % 2 == 0 ? 4 : 200), all.Length - at);
                await test.WriteAsync(all.Substring(at, length));
                at += length;
                seen += test._isOver ? "" : test.Take();
            }

            Assert.Equal(http, seen);
            Assert.True(test._watch.HasUpgrade);
            test._watch.Leave();
            Assert.Same(test._input.Reader, test._connection.Transport.Input);
            Assert.True(test._input.Reader.TryRead(out var left));
            Assert.Equal(rest, Encoding.Latin1.GetString(left.Buffer));
        }

        Assert.Equal(rented, BytePool.OutstandingBytes);
    }

    [Fact]
    public async Task A_request_that_is_no_upgrade_after_all_is_the_servers()
    {
        await WriteAsync(Get + "GET /st");
        Assert.Equal(Get, Take());
        await WriteAsync("omp HTTP/1.1\r\nHost: h\r\n");
        Assert.Equal("", Take());
        await WriteAsync("\r\n");
        Assert.Equal("GET /stomp HTTP/1.1\r\nHost: h\r\n\r\n", Take());
        await WriteAsync(RawClient.Upgrade());
        Assert.Equal("", Take());
        Assert.True(_isOver);
        Assert.True(_watch.HasUpgrade);
    }

    [Fact]
    public async Task What_is_doubtful_is_the_servers_for_good()
    {
        var doubtful = "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n" + RawClient.Upgrade();
        await WriteAsync(doubtful);
        Assert.Equal(doubtful, Take());
        await WriteAsync(RawClient.Upgrade());
        Assert.Equal(RawClient.Upgrade(), Take());
        Assert.False(_watch.HasUpgrade);
    }

    [Fact]
    public async Task A_server_that_has_taken_half_a_line_thinks_differently()
    {
        await WriteAsync("GET /a HT");
        Assert.True(_watch.TryRead(out var result));
        _watch.AdvanceTo(result.Buffer.End);
        await WriteAsync("TP/1.1\r\n\r\n" + RawClient.Upgrade());
        Assert.EndsWith(RawClient.Upgrade(), Take(), StringComparison.Ordinal);
        Assert.False(_watch.HasUpgrade);
    }

    [Fact]
    public async Task A_server_that_still_answers_when_its_input_is_over_has_not_seen_the_end_of_a_request_there()
    {
        await WriteAsync(RawClient.Upgrade());
        Assert.Equal("", Take());
        Assert.True(_isOver);
        await _connection.Transport.Output.WriteAsync("HTTP/1.1 400"u8.ToArray());
        Assert.False(_watch.HasUpgrade);
    }

    [Fact]
    public async Task Behind_the_end_the_servers_time_outs_and_its_letting_go_touch_nothing()
    {
        var beats = 0;
        _connection.Features.Get<IConnectionHeartbeatFeature>()!.OnHeartbeat(_ => beats++, this);
        _beats[0].Action(_beats[0].State);
        Assert.Equal(1, beats);
        await WriteAsync(RawClient.Upgrade());
        Assert.Equal("", Take());
        Assert.True(_isOver);
        _connection.Transport.Output.Complete();
        _connection.Transport.Input.Complete();
        _connection.Transport.Input.CancelPendingRead();
        _watch.Leave();
        _beats[0].Action(_beats[0].State);
        Assert.Equal(1, beats);
        Assert.True(_input.Reader.TryRead(out var left));
        Assert.False(left.IsCanceled || left.IsCompleted);
        await _output.Writer.WriteAsync("101"u8.ToArray());
        Assert.True(_output.Reader.TryRead(out var sent));
        Assert.Equal(3, sent.Buffer.Length);
    }

    [Fact]
    public async Task Half_a_head_has_a_deadline_and_one_entry_in_the_watch()
    {
        for (var i = 0; i < 3; i++)
        {
            await WriteAsync("GET /");
            Assert.Equal("", Take());
            await WriteAsync("a HTTP/1.1\r\n\r\n");
            Assert.NotEqual("", Take());
        }

        _time.Advance(TimeSpan.FromMilliseconds(900));
        await WriteAsync("GET /stomp HTTP/1.1\r\n");
        Assert.Equal("", Take());
        _time.Advance(TimeSpan.FromMilliseconds(200));
        _deadlines.Check(_clock.NowMs);
        Assert.Equal(0, _connection.Aborts);
        _time.Advance(TimeSpan.FromMilliseconds(1100));
        _deadlines.Check(_clock.NowMs);
        Assert.Equal(1, _connection.Aborts);
    }

    [Fact]
    public void A_request_allocates_nothing()
    {
        var request = Encoding.Latin1.GetBytes(Get + Post + Chunked);
        var isWhole = true;
        void Serve()
        {
            _input.Writer.Write(request);
#pragma warning disable CA2012 // Nothing holds the writer back here.
            isWhole &= _input.Writer.FlushAsync().IsCompletedSuccessfully;
#pragma warning restore CA2012
            isWhole &= _watch.TryRead(out var result) && result.Buffer.Length == request.Length;
            _watch.AdvanceTo(result.Buffer.End);
        }

        Assert.Equal(0, Allocations.Least(Serve, times: 200, rounds: 10));
        Assert.True(isWhole);
    }

    private sealed class Connection : DefaultConnectionContext
    {
        public int Aborts { get; private set; }

        public override void Abort(ConnectionAbortedException abortReason) => Aborts++;
    }

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
