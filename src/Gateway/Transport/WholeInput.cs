using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace FastPush.Gateway.Transport;

/// <summary>
/// A connection's pipes for Kestrel's HTTP server, which takes the end of input for the end of the connection as soon as it hears of
/// it, though a whole request came before. Here it hears of it when it has taken everything that came, or asks for more than that.
/// </summary>
internal sealed class WholeInput(IDuplexPipe transport) : PipeReader, IDuplexPipe
{
    private readonly PipeReader _input = transport.Input;

    // What was there at the last look after the end had come; it only becomes less.
    private long _left = -1;

    PipeReader IDuplexPipe.Input => this;

    PipeWriter IDuplexPipe.Output => transport.Output;

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        var reading = _input.ReadAsync(cancellationToken);
        return reading.IsCompletedSuccessfully ? new ValueTask<ReadResult>(Look(reading.GetAwaiter().GetResult())) : FinishAsync(reading);
    }

    public override bool TryRead(out ReadResult result)
    {
        if (!_input.TryRead(out result))
        {
            return false;
        }

        result = Look(result);
        return true;
    }

    public override void AdvanceTo(SequencePosition consumed) => _input.AdvanceTo(consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => _input.AdvanceTo(consumed, examined);

    public override void CancelPendingRead() => _input.CancelPendingRead();

    public override void Complete(Exception? exception = null) => _input.Complete(exception);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReadResult> FinishAsync(ValueTask<ReadResult> reading) => Look(await reading);

    private ReadResult Look(in ReadResult result)
    {
        if (!result.IsCompleted)
        {
            return result;
        }

        var before = _left;
        _left = result.Buffer.Length;
        return new ReadResult(result.Buffer, result.IsCanceled, isCompleted: _left == 0 || _left == before);
    }
}
