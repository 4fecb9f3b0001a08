using System.Globalization;
using System.Reflection;
using BenchmarkDotNet.Attributes;

namespace FastPush.Bench.Allocations;

/// <summary>A benchmark method with one value for each of its type's parameters.</summary>
internal sealed class AllocationCase
{
    private const int OperationsDefault = 20_000;
    private const int Rounds = 3;

    private readonly MethodInfo _method;
    private readonly (PropertyInfo Property, object? Value)[] _parameters;

    private AllocationCase(MethodInfo method, (PropertyInfo Property, object? Value)[] parameters)
    {
        _method = method;
        _parameters = parameters;
        var values = parameters.Select(p => string.Create(CultureInfo.InvariantCulture, $"{p.Property.Name}: {p.Value}"));
        Name = $"{method.DeclaringType!.Name}.{method.Name}({string.Join(", ", values)})";
    }

    public string Name { get; }

    /// <summary>Every case of an assembly, in the order of their names.</summary>
    public static IReadOnlyList<AllocationCase> AllOf(Assembly assembly)
    {
        var methods = assembly.GetTypes().SelectMany(type => type.GetMethods()).Where(m => m.IsDefined(typeof(BenchmarkAttribute)));
        return [.. methods.SelectMany(OfMethod).OrderBy(c => c.Name, StringComparer.Ordinal)];
    }

    /// <summary>
    /// Bytes that one operation allocates on its thread. The least of some rounds: what an operation allocates is in every round, a
    /// table that grows is in one.
    /// </summary>
    public double Measure()
    {
        var target = Activator.CreateInstance(_method.DeclaringType!)!;
        foreach (var (property, value) in _parameters)
        {
            property.SetValue(target, value);
        }

        foreach (var setup in _method.DeclaringType!.GetMethods().Where(m => m.IsDefined(typeof(GlobalSetupAttribute))))
        {
            setup.Invoke(target, null);
        }

        var calls = _method.DeclaringType.GetCustomAttribute<GateOperationsAttribute>()?.Count ?? OperationsDefault;
        Loop(target, calls);
        var allocated = long.MaxValue;
        for (var round = 0; round < Rounds; round++)
        {
            allocated = Math.Min(allocated, Loop(target, calls));
        }

        var perCall = _method.GetCustomAttribute<BenchmarkAttribute>()!.OperationsPerInvoke;

        // Upwards, so that the rarest allocation is not rounded to none.
        return Math.Ceiling(100.0 * allocated / ((double)calls * perCall)) / 100;
    }

    // The method through a delegate of its own type: a call by reflection would allocate, and so would a boxed result.
    private long Loop(object target, int calls)
    {
        if (_method.ReturnType == typeof(void))
        {
            return Loop(_method.CreateDelegate<Action>(target), calls);
        }

        var loop = new Func<Func<int>, int, long>(Loop<int>).Method.GetGenericMethodDefinition().MakeGenericMethod(_method.ReturnType);
        var operation = _method.CreateDelegate(typeof(Func<>).MakeGenericType(_method.ReturnType), target);
        return (long)loop.Invoke(null, [operation, calls])!;
    }

    private static long Loop(Action operation, int calls)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < calls; i++)
        {
            operation();
        }

        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private static long Loop<T>(Func<T> operation, int calls)
    {
        Sink<T>.Last = operation();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < calls; i++)
        {
            Sink<T>.Last = operation();
        }

        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private static IEnumerable<AllocationCase> OfMethod(MethodInfo method)
    {
        if (method.GetParameters().Length > 0)
        {
            throw new NotSupportedException($"{method.Name}: the gate knows [Params] of the type, not arguments of the method.");
        }

        IEnumerable<(PropertyInfo Property, object? Value)[]> choices = [[]];
        foreach (var property in method.DeclaringType!.GetProperties())
        {
            if (property.GetCustomAttribute<ParamsAttribute>() is { } parameter)
            {
                choices = choices.SelectMany(c => parameter.Values.Select(v => ((PropertyInfo, object?)[])[.. c, (property, v)]));
            }
        }

        return choices.Select(c => new AllocationCase(method, c));
    }

    private static class Sink<T>
    {
        public static T? Last { get; set; }
    }
}
