# Bash completion for weft.

_weft()
{
    local word=${COMP_WORDS[COMP_CWORD]} verb=${COMP_WORDS[1]}
    local verbs="bench checkpoint convert demo freeze py run show" words=

    if [ "$COMP_CWORD" = 1 ]; then
        COMPREPLY=($(compgen -W "$verbs --help --version" -- "$word"))
        return
    fi
    case $verb in
    show) words="--tags --nodes --missing --text --dot --svg --most --output" ;;
    run) words="--feed --fetch --signature --tags --out --threads" ;;
    bench) words="--runs --threads --shape --feed --fetch --signature --tags --trace" ;;
    freeze) words="--output --tags --to" ;;
    checkpoint) words="--compare --verify --npz" ;;
    py) words="--coverage -m -c" ;;
    esac
    case $word in
    -*) COMPREPLY=($(compgen -W "$words --help" -- "$word")) ;;
    # A checkpoint is called by its prefix, which is no file.
    *) COMPREPLY=($(compgen -f -- "$word" | sed 's/\.index$//; s/\.data-[0-9]*-of-[0-9]*$//' | sort -u))
       compopt -o filenames ;;
    esac
}
complete -F _weft weft
