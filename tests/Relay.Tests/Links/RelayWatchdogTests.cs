using System.IO.Pipelines;
using System.Net;
using FastPush.Relay.Links;
using FastPush.Relay.Redis;
using Microsoft.AspNetCore.Connections;

namespace FastPush.Relay.Tests.Links;

public sealed class RelayWatchdogTests
{
    private readonly HandTime _time = new();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_process_that_stood_still_does_not_take_it_for_the_other_side_s_silence(bool standsStill)
    {
        var pipes = new Pipes(new Pipe(), new Pipe());
        var connection = new RelayConnection(
            new RelaySocket(new DefaultConnectionContext("1", pipes, pipes), null, new IPEndPoint(IPAddress.Loopback, 1)),
            new RelayServer("7.0.0", "standalone", "master"),
            new LinkCounters());
        var options = new RelayOptions
        {
            Address = RedisAddress.Parse("127.0.0.1:1"),
            ServerId = 1,
            PingAfter = TimeSpan.FromSeconds(4),
            PingTimeout = TimeSpan.FromSeconds(4),
        };
        using var watchdog = new RelayWatchdog(connection, options, _time);
        Pass(seconds: 5);
        if (standsStill)
        {
            _time.Pass(TimeSpan.FromMinutes(10));
            Pass(seconds: 3);
        }

        Assert.Null(connection.Failure);
        Pass(seconds: 4);
        Assert.Contains("no answer to PING", connection.Failure, StringComparison.Ordinal);
    }

    private void Pass(int seconds)
    {
        for (var i = 0; i < seconds; i++)
        {
            _time.Pass(TimeSpan.FromSeconds(1));
        }
    }

    private sealed record Pipes(Pipe In, Pipe Out) : IDuplexPipe
    {
        public PipeReader Input => In.Reader;

        public PipeWriter Output => Out.Writer;
    }

    /// <summary>Its timers come once after each step, however long: as they do when the machine was suspended.</summary>
    private sealed class HandTime : TimeProvider
    {
        private long _ticks;
        private Action _tick = () => { };

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _tick = () => callback(state);
            return new NoTimer();
        }

        public void Pass(TimeSpan by)
        {
            _ticks += by.Ticks;
            _tick();
        }

        private sealed class NoTimer : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
